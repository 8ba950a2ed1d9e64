package main

import (
	"fmt"
	"hash/crc32"

	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/types"
)

// machine makes one virtual machine with its content and tags.
func (b *builder) machine(s *site, spec VMSpec, template bool) error {
	pool, ok := s.pools[spec.Cluster]
	if !ok {
		return fmt.Errorf("%s: no cluster %q", spec.Name, spec.Cluster)
	}
	config, err := machineConfig(s, spec)
	if err != nil {
		return err
	}
	var host *object.HostSystem
	for _, h := range s.hosts {
		if spec.Host != "" && get[*simulator.HostSystem](b.lab, h).Name == spec.Host {
			host = object.NewHostSystem(b.client, h)
		}
	}
	out, err := b.wait(s.folder.CreateVM(b.ctx, *config, object.NewResourcePool(b.client, pool), host))
	if err != nil {
		return fmt.Errorf("%s: %w", spec.Name, err)
	}
	vm := get[*simulator.VirtualMachine](b.lab, out.(types.ManagedObjectReference))
	if err := b.seed(vm, spec); err != nil {
		return fmt.Errorf("%s: %w", spec.Name, err)
	}
	for category, tag := range spec.Tags {
		if err := b.lab.tags.attach(vm.Self, category, tag); err != nil {
			return fmt.Errorf("%s: %w", spec.Name, err)
		}
	}
	m := object.NewVirtualMachine(b.client, vm.Self)
	if template {
		return m.MarkAsTemplate(b.ctx)
	}
	if !spec.PoweredOn {
		return nil
	}
	_, err = b.wait(m.PowerOn(b.ctx))
	return err
}

func machineConfig(s *site, spec VMSpec) (*types.VirtualMachineConfigSpec, error) {
	config := &types.VirtualMachineConfigSpec{
		Name: spec.Name, GuestId: spec.GuestID, Uuid: spec.UUID, InstanceUuid: stableUUID("instance", spec.UUID),
		NumCPUs: spec.CPUs, NumCoresPerSocket: 1, MemoryMB: spec.MemoryBytes >> 20, Annotation: spec.Annotation, Firmware: spec.Firmware,
		Version: "vmx-19", ChangeTrackingEnabled: types.NewBool(spec.CBT),
		Files: &types.VirtualMachineFileInfo{VmPathName: "[" + spec.Datastore + "]"},
	}
	config.BootOptions = &types.VirtualMachineBootOptions{EfiSecureBootEnabled: types.NewBool(spec.SecureBoot)}
	add := func(d types.BaseVirtualDevice, op types.VirtualDeviceConfigSpecFileOperation) {
		config.DeviceChange = append(config.DeviceChange, &types.VirtualDeviceConfigSpec{
			Operation: types.VirtualDeviceConfigSpecOperationAdd, FileOperation: op, Device: d,
		})
	}
	ctl := &types.ParaVirtualSCSIController{}
	ctl.Key = -1
	add(ctl, "")
	for _, d := range spec.Disks {
		unit := d.Unit
		disk := &types.VirtualDisk{CapacityInBytes: d.SizeBytes, CapacityInKB: d.SizeBytes / 1024}
		disk.ControllerKey, disk.UnitNumber = -1, &unit
		disk.Backing = &types.VirtualDiskFlatVer2BackingInfo{
			VirtualDeviceFileBackingInfo: types.VirtualDeviceFileBackingInfo{FileName: "[" + spec.Datastore + "]"},
			DiskMode:                     string(types.VirtualDiskModePersistent), ThinProvisioned: types.NewBool(true), Uuid: d.UUID,
		}
		add(disk, types.VirtualDeviceConfigSpecFileOperationCreate)
	}
	for _, n := range spec.NICs {
		backing, ok := s.networks[n.Network]
		if !ok {
			return nil, fmt.Errorf("%s: no network %q", spec.Name, n.Network)
		}
		nic := &types.VirtualVmxnet3{}
		nic.Key = -int32(100 + len(config.DeviceChange))
		nic.Backing = backing
		nic.MacAddress, nic.AddressType = n.MAC, string(types.VirtualEthernetCardMacTypeAssigned)
		nic.WakeOnLanEnabled = types.NewBool(true)
		nic.Connectable = &types.VirtualDeviceConnectInfo{
			StartConnected: true, AllowGuestControl: true, Connected: true, Status: string(types.VirtualDeviceConnectInfoStatusOk),
		}
		add(nic, "")
	}
	return config, nil
}

func (b *builder) seed(vm *simulator.VirtualMachine, spec VMSpec) error {
	disks := virtualDisks(vm.Config.Hardware.Device)
	for i, d := range disks {
		content, err := b.lab.disk(vm, d)
		if err != nil {
			return err
		}
		id := Identity{
			MachineID: spec.MachineID, Hostname: spec.Hostname, OS: spec.OS, Disk: i, Disks: len(disks), Addresses: spec.Addresses,
		}
		seed := int64(crc32.ChecksumIEEE(fmt.Appendf(nil, "%s/%d", spec.MachineID, i)))
		if err := seedDisk(content, id, seed, spec.Disks[i].SeedBytes); err != nil {
			return err
		}
	}
	return nil
}
