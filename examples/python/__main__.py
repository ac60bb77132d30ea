import pulumi
import pulumi_libvirt_hotplug as libvirt_hotplug

config = pulumi.Config()

web = libvirt_hotplug.Domain(
    "web-1",
    memory="1003MiB",
    max_memory="8GiB",
    vcpus=2,
    boot={
        "kernel": config.require("kernel"),
        "initrd": config.require("initrd"),
        "command_line": "console=ttyS0 memhp_default_state=online",
    },
    serial={"file": config.require("console")},
)

pulumi.export("plan", web.memory_plan)
