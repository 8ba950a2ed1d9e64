package main

import (
	"log"
	"os"
	"strings"
	"time"

	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/simulator/esx"
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
		&f.DiskUuidEnabled, &f.EnableLogging, &f.RunWithDebugInfo, &f.UseToe, &f.RecordReplayEnabled, &f.SnapshotLocked,
		&f.SnapshotDisabled, &f.CbrcCacheEnabled, &f.VvtdEnabled, &f.VbsEnabled, &f.DisableAcceleration,
		&c.CpuHotAddEnabled, &c.CpuHotRemoveEnabled, &c.MemoryHotAddEnabled, &c.NestedHVEnabled, &c.VPMCEnabled,
		&c.MemoryReservationLockedToMax, &c.MessageBusTunnelEnabled, &c.ChangeTrackingEnabled,
	} {
		if *b == nil {
			*b = types.NewBool(false)
		}
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

// DestroyTask deletes the machine, its snapshots and every file of its disks before it is done.
func (v *VM) DestroyTask(ctx *simulator.Context, req *types.Destroy_Task) soap.HasFault {
	vm, l := v.VirtualMachine, v.lab
	ref := l.task(ctx, v.Self, "Destroy_Task", "destroy", func() (types.AnyType, types.BaseMethodFault) {
		return nil, l.destroy(ctx, vm, req)
	})
	return &methods.Destroy_TaskBody{Res: &types.Destroy_TaskResponse{Returnval: ref}}
}

func (l *Lab) destroy(ctx *simulator.Context, vm *simulator.VirtualMachine, req *types.Destroy_Task) types.BaseMethodFault {
	if isOn(vm) {
		return &types.InvalidPowerState{
			RequestedState: types.VirtualMachinePowerStatePoweredOff, ExistingState: types.VirtualMachinePowerStatePoweredOn,
		}
	}
	if l.nbd.holds(vm.Self) {
		return &types.FileLocked{FileFault: types.FileFault{File: vm.Config.Files.VmPathName}}
	}
	var files []string
	for _, d := range virtualDisks(vm.Config.Hardware.Device) {
		if content, err := l.disk(vm, d); err == nil {
			files = append(files, content.vmdk)
		}
	}
	home := l.path(vm, vm.Config.Files.LogDirectory)
	snapshots := snapshotRefs(vm)
	// The simulator deletes this directory some time after the task; a machine of the same name could stand there by then.
	vm.Config.Files.LogDirectory += "/.deleted-" + vm.Self.Value
	res := vm.DestroyTask(ctx, req).(*methods.Destroy_TaskBody)
	if _, fault := await(ctx, res.Res.Returnval); fault != nil {
		return fault
	}
	for _, s := range snapshots {
		ctx.Map.Remove(ctx, s)
	}
	for _, f := range files {
		l.forget(f)
	}
	if home != "" {
		_ = os.RemoveAll(home)
		l.store.forgetUnder(home)
	}
	l.tags.drop(vm.Self)
	l.recount(ctx)
	return nil
}

// CloneVMTask copies contents and honours the specification's config, powerOn and snapshot.
func (v *VM) CloneVMTask(ctx *simulator.Context, req *types.CloneVM_Task) soap.HasFault {
	ref := v.lab.task(ctx, v.Self, "CloneVM_Task", "clone", func() (types.AnyType, types.BaseMethodFault) {
		return v.lab.clone(ctx, v.VirtualMachine, req)
	})
	return &methods.CloneVM_TaskBody{Res: &types.CloneVM_TaskResponse{Returnval: ref}}
}

func (l *Lab) clone(ctx *simulator.Context, vm *simulator.VirtualMachine, req *types.CloneVM_Task) (types.AnyType, types.BaseMethodFault) {
	source := vm.Config
	if req.Spec.Snapshot != nil {
		snap, ok := ctx.Map.Get(*req.Spec.Snapshot).(*simulator.VirtualMachineSnapshot)
		if !ok {
			return nil, &types.ManagedObjectNotFound{Obj: *req.Spec.Snapshot}
		}
		source = &snap.Config
	}
	plain := *req
	plain.Spec.Config, plain.Spec.Customization, plain.Spec.PowerOn, plain.Spec.Template = nil, nil, false, false
	plain.Spec.Location.DeviceChange = nil
	res := vm.CloneVMTask(ctx, &plain).(*methods.CloneVM_TaskBody)
	result, fault := await(ctx, res.Res.Returnval)
	if fault != nil {
		return nil, fault
	}
	copied := ctx.Map.Get(result.(types.ManagedObjectReference)).(*simulator.VirtualMachine)
	ctx.WithLock(copied, func() { fault = l.fillClone(ctx, vm, source, copied, req) })
	if fault != nil {
		return nil, fault
	}
	return result, nil
}

func (l *Lab) fillClone(
	ctx *simulator.Context, vm *simulator.VirtualMachine, source *types.VirtualMachineConfigInfo, to *simulator.VirtualMachine,
	req *types.CloneVM_Task,
) types.BaseMethodFault {
	from, into := virtualDisks(source.Hardware.Device), virtualDisks(to.Config.Hardware.Device)
	for i, d := range into {
		if i >= len(from) {
			break
		}
		src, err := l.disk(vm, from[i])
		if err != nil {
			return internal(err)
		}
		d.CapacityInBytes = from[i].CapacityInBytes
		dst, err := l.disk(to, d)
		if err != nil {
			return internal(err)
		}
		if err := dst.copyFrom(src); err != nil {
			return internal(err)
		}
	}
	if err := l.settle(ctx, to, remember(nil), map[string]string{}); err != nil {
		return internal(err)
	}
	to.Config.Annotation, to.Config.Firmware = source.Annotation, source.Firmware
	to.Config.Flags, to.Config.BootOptions = source.Flags, source.BootOptions
	relabel(source.Hardware.Device, to.Config.Hardware.Device)
	return l.finishClone(ctx, to, req)
}

// relabel gives a clone's devices the labels of their originals.
func relabel(from, to object.VirtualDeviceList) {
	for _, d := range to {
		v := d.GetVirtualDevice()
		if was := from.FindByKey(v.Key); was != nil && was.GetVirtualDevice().DeviceInfo != nil && v.DeviceInfo != nil {
			v.DeviceInfo.GetDescription().Label = was.GetVirtualDevice().DeviceInfo.GetDescription().Label
		}
	}
}

func (l *Lab) finishClone(ctx *simulator.Context, to *simulator.VirtualMachine, req *types.CloneVM_Task) types.BaseMethodFault {
	spec := types.VirtualMachineConfigSpec{}
	if req.Spec.Config != nil {
		spec = *req.Spec.Config
	}
	spec.Name, spec.Files = "", nil
	spec.DeviceChange = append(append([]types.BaseVirtualDeviceConfigSpec(nil), req.Spec.Location.DeviceChange...), spec.DeviceChange...)
	if fault := l.reconfigure(ctx, to, spec); fault != nil {
		return fault
	}
	if c := req.Spec.Customization; c != nil {
		res := to.CustomizeVMTask(ctx, &types.CustomizeVM_Task{This: to.Self, Spec: *c}).(*methods.CustomizeVM_TaskBody)
		if _, fault := await(ctx, res.Res.Returnval); fault != nil {
			return fault
		}
	}
	if req.Spec.Template {
		to.MarkAsTemplate(&types.MarkAsTemplate{This: to.Self})
	}
	if req.Spec.PowerOn {
		return l.powerOn(ctx, to)
	}
	return nil
}

// MarkAsTemplate is remembered over a restart.
func (v *VM) MarkAsTemplate(req *types.MarkAsTemplate) soap.HasFault {
	defer v.lab.saver.touch()
	return v.VirtualMachine.MarkAsTemplate(req)
}

// RelocateVMTask keeps the lists of hosts and pools true; moving files between datastores is not modelled.
func (v *VM) RelocateVMTask(ctx *simulator.Context, req *types.RelocateVM_Task) soap.HasFault {
	vm := v.VirtualMachine
	ref := v.lab.task(ctx, v.Self, "RelocateVM_Task", "relocate", func() (types.AnyType, types.BaseMethodFault) {
		if ds := req.Spec.Datastore; ds != nil && simulator.FindReference(vm.Datastore, *ds) == nil {
			return nil, new(types.NotSupported)
		}
		if h := req.Spec.Host; h != nil && *h != *vm.Runtime.Host {
			was, is := ctx.Map.Get(*vm.Runtime.Host).(*simulator.HostSystem), ctx.Map.Get(*h).(*simulator.HostSystem)
			ctx.Map.RemoveReference(ctx, was, &was.Vm, vm.Self)
			ctx.Map.AddReference(ctx, is, &is.Vm, vm.Self)
		}
		if p := req.Spec.Pool; p != nil && vm.ResourcePool != nil && *p != *vm.ResourcePool {
			was, ok := ctx.Map.Get(*vm.ResourcePool).(*simulator.ResourcePool)
			is, ok2 := ctx.Map.Get(*p).(*simulator.ResourcePool)
			if ok && ok2 {
				ctx.Map.RemoveReference(ctx, was, &was.Vm, vm.Self)
				ctx.Map.AddReference(ctx, is, &is.Vm, vm.Self)
			}
		}
		req.Spec.Datastore = nil
		res := vm.RelocateVMTask(ctx, req).(*methods.RelocateVM_TaskBody)
		return await(ctx, res.Res.Returnval)
	})
	return &methods.RelocateVM_TaskBody{Res: &types.RelocateVM_TaskResponse{Returnval: ref}}
}

// Folder makes machines whose disks have content.
type Folder struct {
	*simulator.Folder
	lab *Lab
}

// CreateVMTask refuses a taken name, chooses the least loaded host, and makes content-bearing disks.
func (f *Folder) CreateVMTask(ctx *simulator.Context, req *types.CreateVM_Task) soap.HasFault {
	ref := f.lab.task(ctx, f.Self, "CreateVM_Task", "createVm", func() (types.AnyType, types.BaseMethodFault) {
		return f.lab.create(ctx, f.Folder, req)
	})
	return &methods.CreateVM_TaskBody{Res: &types.CreateVM_TaskResponse{Returnval: ref}}
}

// DestroyTask destroys what is in the folder first; one running machine keeps it all.
func (f *Folder) DestroyTask(ctx *simulator.Context, req *types.Destroy_Task) soap.HasFault {
	ref := f.lab.task(ctx, f.Self, "Destroy_Task", "destroy", func() (types.AnyType, types.BaseMethodFault) {
		return nil, f.lab.destroyFolder(ctx, f.Folder, req)
	})
	return &methods.Destroy_TaskBody{Res: &types.Destroy_TaskResponse{Returnval: ref}}
}

func (l *Lab) destroyFolder(ctx *simulator.Context, f *simulator.Folder, req *types.Destroy_Task) types.BaseMethodFault {
	for _, child := range append([]types.ManagedObjectReference(nil), f.ChildEntity...) {
		var fault types.BaseMethodFault
		switch o := ctx.Map.Get(child).(type) {
		case *simulator.VirtualMachine:
			ctx.WithLock(o, func() { fault = l.destroy(ctx, o, &types.Destroy_Task{This: o.Self}) })
		case *simulator.Folder:
			ctx.WithLock(o, func() { fault = l.destroyFolder(ctx, o, &types.Destroy_Task{This: o.Self}) })
		}
		if fault != nil {
			return fault
		}
	}
	res := f.DestroyTask(ctx, req).(*methods.Destroy_TaskBody)
	_, fault := await(ctx, res.Res.Returnval)
	return fault
}

func (l *Lab) create(ctx *simulator.Context, f *simulator.Folder, req *types.CreateVM_Task) (types.AnyType, types.BaseMethodFault) {
	spec := &req.Config
	if e := ctx.Map.FindByName(spec.Name, f.ChildEntity); e != nil && spec.Name != "" {
		return nil, &types.DuplicateName{Name: spec.Name, Object: e.Reference()}
	}
	var home object.DatastorePath
	dc := datacenterOf(ctx.Map, f.Self)
	if spec.Files == nil || !home.FromString(spec.Files.VmPathName) {
		return nil, &types.InvalidVmConfig{Property: "configSpec.files.vmPathName"}
	}
	if datastore(ctx.Map, dc, home.Datastore) == nil {
		return nil, &types.InvalidDatastorePath{DatastorePath: spec.Files.VmPathName}
	}
	if spec.GuestId != "" && !knownGuest(spec.GuestId) {
		return nil, &types.InvalidArgument{InvalidProperty: "configSpec.guestId"}
	}
	p := &planner{
		lab: l, dc: dc, devices: append(object.VirtualDeviceList(nil), esx.VirtualDevice...),
		vmName: spec.Name, home: home.Datastore, files: map[string]string{},
	}
	if fault := p.plan(spec.DeviceChange); fault != nil {
		return nil, fault
	}
	if spec.Version == "" {
		spec.Version = "vmx-19"
	}
	if req.Host == nil {
		req.Host = l.leastLoaded(ctx, req.Pool)
	}
	res := f.CreateVMTask(ctx, req).(*methods.CreateVM_TaskBody)
	result, fault := await(ctx, res.Res.Returnval)
	if fault != nil {
		return nil, fault
	}
	vm := ctx.Map.Get(result.(types.ManagedObjectReference)).(*simulator.VirtualMachine)
	var err error
	ctx.WithLock(vm, func() {
		err = l.settle(ctx, vm, remember(nil), p.files)
		l.complete(vm)
		l.refreshGuest(ctx, vm)
	})
	if err != nil {
		return nil, internal(err)
	}
	l.recount(ctx)
	return result, nil
}

func knownGuest(id string) bool {
	for _, known := range simulator.GuestID {
		if string(known) == id {
			return true
		}
	}
	return strings.HasPrefix(id, "other")
}

// leastLoaded stands in for initial placement by DRS: the connected host of the pool's cluster with most free memory.
func (l *Lab) leastLoaded(ctx *simulator.Context, pool types.ManagedObjectReference) *types.ManagedObjectReference {
	rp, ok := ctx.Map.Get(pool).(*simulator.ResourcePool)
	if !ok {
		return nil
	}
	cluster, ok := ctx.Map.Get(rp.Owner).(*simulator.ClusterComputeResource)
	if !ok {
		return nil
	}
	var best *types.ManagedObjectReference
	var bestFree int64
	for _, ref := range cluster.Host {
		h := ctx.Map.Get(ref).(*simulator.HostSystem)
		if h.Runtime.InMaintenanceMode || h.Runtime.ConnectionState != types.HostSystemConnectionStateConnected {
			continue
		}
		free := h.Hardware.MemorySize
		for _, r := range h.Vm {
			if vm, ok := ctx.Map.Get(r).(*simulator.VirtualMachine); ok {
				free -= int64(vm.Config.Hardware.MemoryMB) << 20
			}
		}
		if best == nil || free > bestFree {
			host := ref
			best, bestFree = &host, free
		}
	}
	return best
}

// PowerOnVMTask refuses while a disk is written from outside, activates tracking, and lets the guest come up as its disks allow.
func (v *VM) PowerOnVMTask(ctx *simulator.Context, _ *types.PowerOnVM_Task) soap.HasFault {
	if v.Config.Template {
		return &methods.PowerOnVM_TaskBody{Fault_: simulator.Fault("cannot power on a template", new(types.NotSupported))}
	}
	ref := v.lab.task(ctx, v.Self, "PowerOnVM_Task", "powerOn", func() (types.AnyType, types.BaseMethodFault) {
		return nil, v.lab.powerOn(ctx, v.VirtualMachine)
	})
	return &methods.PowerOnVM_TaskBody{Res: &types.PowerOnVM_TaskResponse{Returnval: ref}}
}

func (l *Lab) powerOn(ctx *simulator.Context, vm *simulator.VirtualMachine) types.BaseMethodFault {
	if l.nbd.holds(vm.Self) {
		return &types.FileLocked{FileFault: types.FileFault{File: vm.Config.Files.VmPathName}}
	}
	res := vm.PowerOnVMTask(ctx, &types.PowerOnVM_Task{This: vm.Self}).(*methods.PowerOnVM_TaskBody)
	if res.Fault_ != nil {
		return res.Fault_.VimFault().(types.BaseMethodFault)
	}
	if _, fault := await(ctx, res.Res.Returnval); fault != nil {
		return fault
	}
	if err := l.startTracking(vm); err != nil {
		return internal(err)
	}
	l.refreshGuest(ctx, vm)
	l.load(ctx, vm)
	return nil
}

// PowerOffVMTask pulls the plug.
func (v *VM) PowerOffVMTask(ctx *simulator.Context, _ *types.PowerOffVM_Task) soap.HasFault {
	ref := v.lab.task(ctx, v.Self, "PowerOffVM_Task", "powerOff", func() (types.AnyType, types.BaseMethodFault) {
		return nil, v.lab.powerOff(ctx, v.VirtualMachine)
	})
	return &methods.PowerOffVM_TaskBody{Res: &types.PowerOffVM_TaskResponse{Returnval: ref}}
}

func (l *Lab) powerOff(ctx *simulator.Context, vm *simulator.VirtualMachine) types.BaseMethodFault {
	res := vm.PowerOffVMTask(ctx, &types.PowerOffVM_Task{This: vm.Self}).(*methods.PowerOffVM_TaskBody)
	if _, fault := await(ctx, res.Res.Returnval); fault != nil {
		return fault
	}
	l.refreshGuest(ctx, vm)
	l.load(ctx, vm)
	return nil
}

// SuspendVMTask suspends.
func (v *VM) SuspendVMTask(ctx *simulator.Context, req *types.SuspendVM_Task) soap.HasFault {
	vm := v.VirtualMachine
	ref := v.lab.task(ctx, v.Self, "SuspendVM_Task", "suspend", func() (types.AnyType, types.BaseMethodFault) {
		res := vm.SuspendVMTask(ctx, req).(*methods.SuspendVM_TaskBody)
		out, fault := await(ctx, res.Res.Returnval)
		v.lab.refreshGuest(ctx, vm)
		return out, fault
	})
	return &methods.SuspendVM_TaskBody{Res: &types.SuspendVM_TaskResponse{Returnval: ref}}
}

// ResetVMTask restarts the guest from its disks.
func (v *VM) ResetVMTask(ctx *simulator.Context, _ *types.ResetVM_Task) soap.HasFault {
	ref := v.lab.task(ctx, v.Self, "ResetVM_Task", "reset", func() (types.AnyType, types.BaseMethodFault) {
		if fault := v.lab.powerOff(ctx, v.VirtualMachine); fault != nil {
			return nil, fault
		}
		return nil, v.lab.powerOn(ctx, v.VirtualMachine)
	})
	return &methods.ResetVM_TaskBody{Res: &types.ResetVM_TaskResponse{Returnval: ref}}
}

// ShutdownGuest asks the guest, which needs its tools; the machine is off some time after the answer.
func (v *VM) ShutdownGuest(ctx *simulator.Context, _ *types.ShutdownGuest) soap.HasFault {
	vm, body := v.VirtualMachine, &methods.ShutdownGuestBody{}
	switch {
	case !isOn(vm):
		body.Fault_ = simulator.Fault("", &types.InvalidPowerState{
			RequestedState: types.VirtualMachinePowerStatePoweredOn, ExistingState: vm.Runtime.PowerState,
		})
	case vm.Guest.ToolsRunningStatus != string(types.VirtualMachineToolsRunningStatusGuestToolsRunning):
		body.Fault_ = simulator.Fault("", new(types.ToolsUnavailable))
	default:
		v.lab.task(ctx, v.Self, "ShutdownGuest", "shutdownGuest", func() (types.AnyType, types.BaseMethodFault) {
			time.Sleep(10 * time.Millisecond)
			return nil, v.lab.powerOff(ctx, vm)
		})
		body.Res = new(types.ShutdownGuestResponse)
	}
	return body
}
