package main

import (
	"example.com/pulumi-libvirt-hotplug/sdk/go/libvirthotplug"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/config"
)

func main() {
	pulumi.Run(func(ctx *pulumi.Context) error {
		cfg := config.New(ctx, "")
		web, err := libvirthotplug.NewDomain(ctx, "web-1", &libvirthotplug.DomainArgs{
			Memory:    pulumi.String("1003MiB"),
			MaxMemory: pulumi.String("8GiB"),
			Vcpus:     pulumi.Int(2),
			MaxVcpus:  pulumi.Int(8),
			Disks: libvirthotplug.DiskArray{&libvirthotplug.DiskArgs{
				Name:     pulumi.String("data"),
				File:     pulumi.String(cfg.Require("disk")),
				Size:     pulumi.String("1GiB"),
				OnDelete: libvirthotplug.DiskOnDeleteDelete,
			}},
			Interfaces: libvirthotplug.InterfaceArray{&libvirthotplug.InterfaceArgs{
				Name: pulumi.String("lan"),
				User: pulumi.Bool(true),
			}},
			ReportAddresses: pulumi.Bool(true),
			Boot: &libvirthotplug.BootArgs{
				Kernel:      pulumi.String(cfg.Require("kernel")),
				Initrd:      pulumi.String(cfg.Require("initrd")),
				CommandLine: pulumi.String("console=ttyS0 memhp_default_state=online"),
			},
			Serial: &libvirthotplug.SerialFileArgs{File: pulumi.String(cfg.Require("console"))},
		})
		if err != nil {
			return err
		}
		ctx.Export("plan", web.MemoryPlan)
		// Known once the guest has booted: pulumi refresh records them.
		ctx.Export("addresses", web.Addresses)
		return nil
	})
}
