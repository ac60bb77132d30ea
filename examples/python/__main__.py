import pulumi
import pulumi_libvirt_hotplug as libvirt_hotplug

config = pulumi.Config()

web = libvirt_hotplug.Domain(
    "web-1",
    memory="1003MiB",
    max_memory="8GiB",
    vcpus=2,
    max_vcpus=8,
    disks=[{"name": "data", "file": config.require("disk"), "size": "1GiB", "on_delete": "delete"}],
    interfaces=[{"name": "lan", "user": True}],
    report_addresses=True,
    boot={
        "kernel": config.require("kernel"),
        "initrd": config.require("initrd"),
        "command_line": "console=ttyS0 memhp_default_state=online",
    },
    serial={"file": config.require("console")},
)

pulumi.export("plan", web.memory_plan)
# Known once the guest has booted: pulumi refresh records them.
pulumi.export("addresses", web.addresses)
