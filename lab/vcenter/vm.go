package main

import (
	"log"

	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

// VM is a virtual machine whose disks have content.
type VM struct {
	*simulator.VirtualMachine
	lab *Lab
}

func hasSnapshots(vm *simulator.VirtualMachine) bool {
	return vm.Snapshot != nil && len(vm.Snapshot.RootSnapshotList) > 0
}

func isOn(vm *simulator.VirtualMachine) bool {
	return vm.Runtime.PowerState == types.VirtualMachinePowerStatePoweredOn
}

// internal wraps an error of the lab itself, so that it is seen and not mistaken for an answer.
func internal(err error) types.BaseMethodFault {
	log.Printf("lab: %v", err)
	return &types.SystemError{Reason: err.Error()}
}

// ReconfigVMTask honours changeVersion, keeps contents right and answers as a real vCenter labels.
func (v *VM) ReconfigVMTask(ctx *simulator.Context, req *types.ReconfigVM_Task) soap.HasFault {
	ref := v.lab.task(ctx, v.Self, "ReconfigVM_Task", "reconfigure", func() (types.AnyType, types.BaseMethodFault) {
		if cv := req.Spec.ChangeVersion; cv != "" && cv != v.Config.ChangeVersion {
			return nil, new(types.ConcurrentAccess)
		}
		return nil, v.lab.reconfigure(ctx, v.VirtualMachine, req.Spec)
	})
	return &methods.ReconfigVM_TaskBody{Res: &types.ReconfigVM_TaskResponse{Returnval: ref}}
}

func (l *Lab) reconfigure(ctx *simulator.Context, vm *simulator.VirtualMachine, spec types.VirtualMachineConfigSpec) types.BaseMethodFault {
	before := remember(vm.Config.Hardware.Device)
	var home object.DatastorePath
	home.FromString(vm.Config.Files.VmPathName)
	p := &planner{
		lab: l, dc: datacenterOf(l.registry(), vm.Self), devices: append(object.VirtualDeviceList(nil), vm.Config.Hardware.Device...),
		self: vm.Self, vmName: vm.Name, home: home.Datastore, frozen: hasSnapshots(vm), files: map[string]string{},
	}
	if fault := p.plan(spec.DeviceChange); fault != nil {
		return fault
	}
	res := vm.ReconfigVMTask(ctx, &types.ReconfigVM_Task{This: vm.Self, Spec: spec}).(*methods.ReconfigVM_TaskBody)
	if _, fault := await(ctx, res.Res.Returnval); fault != nil {
		return fault
	}
	l.depart(p.gone)
	if err := l.settle(ctx, vm, before.without(p.gone), p.files); err != nil {
		return internal(err)
	}
	if t := spec.ChangeTrackingEnabled; t != nil && !*t {
		l.stopTracking(vm)
	}
	l.complete(vm)
	l.refreshGuest(ctx, vm)
	l.recount(ctx)
	return nil
}

func (l *Lab) stopTracking(vm *simulator.VirtualMachine) {
	for _, d := range virtualDisks(vm.Config.Hardware.Device) {
		if content, err := l.disk(vm, d); err == nil {
			content.deactivate()
			d.Backing.(*types.VirtualDiskFlatVer2BackingInfo).ChangeId = ""
		}
	}
}

// startTracking makes enabled tracking active; a snapshot and a power-on do that.
func (l *Lab) startTracking(vm *simulator.VirtualMachine) error {
	if !isTrue(vm.Config.ChangeTrackingEnabled) {
		return nil
	}
	for _, d := range virtualDisks(vm.Config.Hardware.Device) {
		content, err := l.disk(vm, d)
		if err != nil {
			return err
		}
		if err := content.activate(); err != nil {
			return err
		}
		d.Backing.(*types.VirtualDiskFlatVer2BackingInfo).ChangeId = content.ctk.changeID()
	}
	return nil
}

var guestNames = map[string]string{
	"debian12_64Guest":           "Debian GNU/Linux 12 (64-bit)",
	"debian11_64Guest":           "Debian GNU/Linux 11 (64-bit)",
	"ubuntu64Guest":              "Ubuntu Linux (64-bit)",
	"windows2022srvNext_64Guest": "Microsoft Windows Server 2025 (64-bit)",
	"windows2019srvNext_64Guest": "Microsoft Windows Server 2022 (64-bit)",
	"windows2019srv_64Guest":     "Microsoft Windows Server 2019 (64-bit)",
	"windows9Server64Guest":      "Microsoft Windows Server 2016 (64-bit)",
	"rhel9_64Guest":              "Red Hat Enterprise Linux 9 (64-bit)",
	"rhel8_64Guest":              "Red Hat Enterprise Linux 8 (64-bit)",
	"sles15_64Guest":             "SUSE Linux Enterprise 15 (64-bit)",
}

// complete fills in the configuration that the simulator leaves unset and a real vCenter always answers.
func (l *Lab) complete(vm *simulator.VirtualMachine) {
	c := vm.Config
	if c.SwapPlacement == "" {
		c.SwapPlacement = string(types.VirtualMachineConfigInfoSwapPlacementTypeInherit)
	}
	if name, ok := guestNames[c.GuestId]; ok {
		c.GuestFullName, vm.Summary.Config.GuestFullName = name, name
	}
	f := &c.Flags
	for _, b := range []**bool{
		&f.DiskUuidEnabled, &f.RunWithDebugInfo, &f.UseToe, &f.RecordReplayEnabled, &f.SnapshotLocked,
		&f.SnapshotDisabled, &f.CbrcCacheEnabled, &f.VvtdEnabled, &f.VbsEnabled, &f.DisableAcceleration,
		&c.CpuHotAddEnabled, &c.CpuHotRemoveEnabled, &c.MemoryHotAddEnabled, &c.NestedHVEnabled, &c.VPMCEnabled,
		&c.MemoryReservationLockedToMax, &c.MessageBusTunnelEnabled, &c.ChangeTrackingEnabled,
	} {
		if *b == nil {
			*b = types.NewBool(false)
		}
	}
	if f.EnableLogging == nil {
		f.EnableLogging = types.NewBool(true)
	}
	if c.MigrateEncryption == "" {
		c.MigrateEncryption = string(types.VirtualMachineConfigSpecEncryptedVMotionModesOpportunistic)
	}
	if f.VirtualMmuUsage == "" {
		f.VirtualMmuUsage = string(types.VirtualMachineFlagInfoVirtualMmuUsageAutomatic)
	}
	if f.VirtualExecUsage == "" {
		f.VirtualExecUsage = string(types.VirtualMachineFlagInfoVirtualExecUsageHvAuto)
	}
	if f.SnapshotPowerOffBehavior == "" {
		f.SnapshotPowerOffBehavior = string(types.VirtualMachinePowerOffBehaviorPowerOff)
	}
	if c.BootOptions.EfiSecureBootEnabled == nil {
		c.BootOptions.EfiSecureBootEnabled = types.NewBool(false)
	}
	if c.BootOptions.BootRetryDelay == 0 {
		c.BootOptions.BootRetryDelay = 10000
	}
	completeTools(c)
	for _, d := range virtualDisks(c.Hardware.Device) {
		if b, ok := d.Backing.(*types.VirtualDiskFlatVer2BackingInfo); ok && b.Sharing == "" {
			b.Sharing = string(types.VirtualDiskSharingSharingNone)
		}
	}
	if c.DefaultPowerOps.PowerOffType == "" {
		soft := string(types.VirtualMachinePowerOpTypeSoft)
		c.DefaultPowerOps = types.VirtualMachineDefaultPowerOpInfo{
			PowerOffType: soft, SuspendType: "hard", ResetType: soft,
			DefaultPowerOffType: soft, DefaultSuspendType: "hard", DefaultResetType: soft, StandbyAction: "checkpoint",
		}
	}
	if vm.Runtime.FaultToleranceState == "" {
		vm.Runtime.FaultToleranceState = types.VirtualMachineFaultToleranceStateNotConfigured
	}
	vm.Runtime.ConsolidationNeeded = types.NewBool(false)
	vm.Summary.Config.Annotation = c.Annotation
	l.storage(vm)
}

func completeTools(c *types.VirtualMachineConfigInfo) {
	t := c.Tools
	for _, b := range []**bool{
		&t.AfterPowerOn, &t.AfterResume, &t.BeforeGuestStandby, &t.BeforeGuestShutdown, &t.SyncTimeWithHostAllowed,
	} {
		if *b == nil {
			*b = types.NewBool(true)
		}
	}
	for _, b := range []**bool{&t.BeforeGuestReboot, &t.SyncTimeWithHost} {
		if *b == nil {
			*b = types.NewBool(false)
		}
	}
	if t.ToolsUpgradePolicy == "" {
		t.ToolsUpgradePolicy = string(types.UpgradePolicyManual)
	}
}

// RefreshStorageInfo measures anew.
func (v *VM) RefreshStorageInfo(ctx *simulator.Context, _ *types.RefreshStorageInfo) soap.HasFault {
	v.lab.storage(v.VirtualMachine)
	return &methods.RefreshStorageInfoBody{Res: new(types.RefreshStorageInfoResponse)}
}

// UpgradeVMTask does nothing where the machine already has the version asked for.
func (v *VM) UpgradeVMTask(ctx *simulator.Context, req *types.UpgradeVM_Task) soap.HasFault {
	if req.Version == "" || req.Version != v.Config.Version {
		return v.VirtualMachine.UpgradeVMTask(ctx, req)
	}
	ref := v.lab.task(ctx, v.Self, "UpgradeVM_Task", "upgradeVirtualHardware", func() (types.AnyType, types.BaseMethodFault) {
		return nil, nil
	})
	return &methods.UpgradeVM_TaskBody{Res: &types.UpgradeVM_TaskResponse{Returnval: ref}}
}
