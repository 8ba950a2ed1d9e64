package main

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

// Snap is a snapshot whose disks hold the content of its moment.
type Snap struct {
	*simulator.VirtualMachineSnapshot
	lab *Lab
}

// deepCopy copies a vSphere value with everything below it; the simulator's snapshots share the live machine's devices.
func deepCopy[T any](v *T) (*T, error) {
	var buf bytes.Buffer
	if err := types.NewJSONEncoder(&buf).Encode(v); err != nil {
		return nil, err
	}
	out := new(T)
	return out, types.NewJSONDecoder(&buf).Decode(out)
}

func walkSnapshots(list []types.VirtualMachineSnapshotTree, fn func(*types.VirtualMachineSnapshotTree)) {
	for i := range list {
		fn(&list[i])
		walkSnapshots(list[i].ChildSnapshotList, fn)
	}
}

func snapshotRefs(vm *simulator.VirtualMachine) (refs []types.ManagedObjectReference) {
	if vm.Snapshot == nil {
		return nil
	}
	walkSnapshots(vm.Snapshot.RootSnapshotList, func(s *types.VirtualMachineSnapshotTree) { refs = append(refs, s.Snapshot) })
	return refs
}

// subtree lists a snapshot and those below it.
func subtree(vm *simulator.VirtualMachine, ref types.ManagedObjectReference) (refs []types.ManagedObjectReference) {
	walkSnapshots(vm.Snapshot.RootSnapshotList, func(s *types.VirtualMachineSnapshotTree) {
		if s.Snapshot == ref {
			refs = append(refs, ref)
			walkSnapshots(s.ChildSnapshotList, func(c *types.VirtualMachineSnapshotTree) { refs = append(refs, c.Snapshot) })
		}
	})
	return refs
}

// CreateSnapshotTask takes one snapshot of all disks.
func (v *VM) CreateSnapshotTask(ctx *simulator.Context, req *types.CreateSnapshot_Task) soap.HasFault {
	ex := &types.CreateSnapshotEx_Task{This: req.This, Name: req.Name, Description: req.Description, Memory: req.Memory}
	if req.Quiesce {
		ex.QuiesceSpec = new(types.VirtualMachineGuestQuiesceSpec)
	}
	ref := v.lab.task(ctx, v.Self, "CreateSnapshot_Task", "createSnapshot", func() (types.AnyType, types.BaseMethodFault) {
		return v.lab.snapshot(ctx, v.VirtualMachine, ex)
	})
	return &methods.CreateSnapshot_TaskBody{Res: &types.CreateSnapshot_TaskResponse{Returnval: ref}}
}

// CreateSnapshotExTask is CreateSnapshotTask with a quiesce specification.
func (v *VM) CreateSnapshotExTask(ctx *simulator.Context, req *types.CreateSnapshotEx_Task) soap.HasFault {
	ref := v.lab.task(ctx, v.Self, "CreateSnapshotEx_Task", "createSnapshotEx", func() (types.AnyType, types.BaseMethodFault) {
		return v.lab.snapshot(ctx, v.VirtualMachine, req)
	})
	return &methods.CreateSnapshotEx_TaskBody{Res: &types.CreateSnapshotEx_TaskResponse{Returnval: ref}}
}

func (l *Lab) snapshot(
	ctx *simulator.Context, vm *simulator.VirtualMachine, req *types.CreateSnapshotEx_Task,
) (types.AnyType, types.BaseMethodFault) {
	if l.nbd.holds(vm.Self) {
		return nil, &types.FileLocked{FileFault: types.FileFault{File: vm.Config.Files.VmPathName}}
	}
	if fault := l.room(vm); fault != nil {
		return nil, fault
	}
	if err := l.startTracking(vm); err != nil {
		return nil, internal(err)
	}
	frozen, err := l.freeze(vm)
	if err != nil {
		return nil, internal(err)
	}
	res := vm.CreateSnapshotExTask(ctx, req).(*methods.CreateSnapshotEx_TaskBody)
	result, fault := await(ctx, res.Res.Returnval)
	if fault != nil {
		return nil, fault
	}
	snap := ctx.Map.Get(result.(types.ManagedObjectReference)).(*simulator.VirtualMachineSnapshot)
	snap.Config = *frozen
	renumber(vm, snap.Self)
	l.recount(ctx)
	return result, nil
}

// room refuses a snapshot on a full datastore.
func (l *Lab) room(vm *simulator.VirtualMachine) types.BaseMethodFault {
	for _, ref := range vm.Datastore {
		if ds, ok := l.registry().Get(ref).(*simulator.Datastore); ok && ds.Summary.FreeSpace <= 0 {
			return &types.NoDiskSpace{FileFault: types.FileFault{File: vm.Config.Files.VmPathName}, Datastore: ds.Name}
		}
	}
	return nil
}

// freeze copies every dependent disk and returns the configuration of this moment, pointing at the copies.
func (l *Lab) freeze(vm *simulator.VirtualMachine) (*types.VirtualMachineConfigInfo, error) {
	config, err := deepCopy(vm.Config)
	if err != nil {
		return nil, err
	}
	live := map[int32]*types.VirtualDisk{}
	for _, d := range virtualDisks(vm.Config.Hardware.Device) {
		live[d.Key] = d
	}
	n := l.saver.number("snapshot-files")
	l.stun.Lock()
	defer l.stun.Unlock()
	for _, d := range virtualDisks(config.Hardware.Device) {
		b, ok := d.Backing.(*types.VirtualDiskFlatVer2BackingInfo)
		if !ok || strings.HasPrefix(b.DiskMode, "independent") {
			continue
		}
		from, err := l.disk(vm, d)
		if err != nil {
			return nil, err
		}
		b.FileName = strings.TrimSuffix(b.FileName, ".vmdk") + fmt.Sprintf("-snap%06d.vmdk", n)
		to := l.store.open(l.path(vm, b.FileName))
		if b.ChangeId, err = from.freeze(to); err != nil {
			return nil, err
		}
		live[d.Key].Backing.(*types.VirtualDiskFlatVer2BackingInfo).ChangeId = b.ChangeId
	}
	return config, nil
}

// renumber gives a new snapshot an id that no other of the machine has; the simulator counts anew after a restart.
func renumber(vm *simulator.VirtualMachine, ref types.ManagedObjectReference) {
	highest := int32(0)
	var mine *types.VirtualMachineSnapshotTree
	walkSnapshots(vm.Snapshot.RootSnapshotList, func(s *types.VirtualMachineSnapshotTree) {
		if s.Snapshot == ref {
			mine = s
			return
		}
		highest = max(highest, s.Id)
	})
	if mine != nil {
		mine.Id = max(mine.Id, highest+1)
	}
}

// RemoveSnapshotTask deletes the snapshot's copies; a change id saved from it stays usable.
func (s *Snap) RemoveSnapshotTask(ctx *simulator.Context, req *types.RemoveSnapshot_Task) soap.HasFault {
	ref := s.lab.task(ctx, s.Vm, "RemoveSnapshot_Task", "removeSnapshot", func() (types.AnyType, types.BaseMethodFault) {
		return nil, s.lab.removeSnapshot(ctx, s.VirtualMachineSnapshot, req)
	})
	return &methods.RemoveSnapshot_TaskBody{Res: &types.RemoveSnapshot_TaskResponse{Returnval: ref}}
}

func (l *Lab) removeSnapshot(
	ctx *simulator.Context, snap *simulator.VirtualMachineSnapshot, req *types.RemoveSnapshot_Task,
) types.BaseMethodFault {
	vm := ctx.Map.Get(snap.Vm).(*simulator.VirtualMachine)
	if vm.Snapshot == nil {
		return &types.ManagedObjectNotFound{Obj: snap.Self}
	}
	gone := []types.ManagedObjectReference{snap.Self}
	if req.RemoveChildren {
		gone = subtree(vm, snap.Self)
	}
	parent := parentOf(vm.Snapshot.RootSnapshotList, nil, snap.Self)
	l.dropCopies(ctx, vm, gone)
	res := snap.RemoveSnapshotTask(ctx, req).(*methods.RemoveSnapshot_TaskBody)
	if _, fault := await(ctx, res.Res.Returnval); fault != nil {
		return fault
	}
	for _, ref := range gone[1:] {
		ctx.Map.Remove(ctx, ref)
	}
	if vm.Snapshot != nil && vm.Snapshot.CurrentSnapshot != nil && ctx.Map.Get(*vm.Snapshot.CurrentSnapshot) == nil {
		vm.Snapshot.CurrentSnapshot = parent
	}
	l.recount(ctx)
	return nil
}

func parentOf(list []types.VirtualMachineSnapshotTree, above *types.ManagedObjectReference, ref types.ManagedObjectReference,
) *types.ManagedObjectReference {
	for i := range list {
		if list[i].Snapshot == ref {
			return above
		}
		if p := parentOf(list[i].ChildSnapshotList, &list[i].Snapshot, ref); p != nil {
			return p
		}
	}
	return nil
}

func (l *Lab) dropCopies(ctx *simulator.Context, vm *simulator.VirtualMachine, refs []types.ManagedObjectReference) {
	for _, ref := range refs {
		snap, ok := ctx.Map.Get(ref).(*simulator.VirtualMachineSnapshot)
		if !ok {
			continue
		}
		for _, d := range virtualDisks(snap.Config.Hardware.Device) {
			b, ok := d.Backing.(*types.VirtualDiskFlatVer2BackingInfo)
			if ok && snapSuffix.MatchString(b.FileName) {
				l.store.remove(l.path(vm, b.FileName))
			}
		}
	}
}

// RemoveAllSnapshotsTask deletes every snapshot with its copies.
func (v *VM) RemoveAllSnapshotsTask(ctx *simulator.Context, req *types.RemoveAllSnapshots_Task) soap.HasFault {
	vm, l := v.VirtualMachine, v.lab
	ref := l.task(ctx, v.Self, "RemoveAllSnapshots_Task", "removeAllSnapshots", func() (types.AnyType, types.BaseMethodFault) {
		l.dropCopies(ctx, vm, snapshotRefs(vm))
		res := vm.RemoveAllSnapshotsTask(ctx, req).(*methods.RemoveAllSnapshots_TaskBody)
		out, fault := await(ctx, res.Res.Returnval)
		l.recount(ctx)
		return out, fault
	})
	return &methods.RemoveAllSnapshots_TaskBody{Res: &types.RemoveAllSnapshots_TaskResponse{Returnval: ref}}
}

// ConsolidateVMDisksTask has nothing to do: the lab's snapshots leave no delta behind.
func (v *VM) ConsolidateVMDisksTask(ctx *simulator.Context, _ *types.ConsolidateVMDisks_Task) soap.HasFault {
	ref := v.lab.task(ctx, v.Self, "ConsolidateVMDisks_Task", "consolidateDisks", func() (types.AnyType, types.BaseMethodFault) {
		return nil, nil
	})
	return &methods.ConsolidateVMDisks_TaskBody{Res: &types.ConsolidateVMDisks_TaskResponse{Returnval: ref}}
}

// RenameSnapshot changes name and description.
func (s *Snap) RenameSnapshot(ctx *simulator.Context, req *types.RenameSnapshot) soap.HasFault {
	vm := ctx.Map.Get(s.Vm).(*simulator.VirtualMachine)
	ctx.WithLock(vm, func() {
		walkSnapshots(vm.Snapshot.RootSnapshotList, func(t *types.VirtualMachineSnapshotTree) {
			if t.Snapshot != s.Self {
				return
			}
			if req.Name != "" {
				t.Name = req.Name
			}
			if req.Description != "" {
				t.Description = req.Description
			}
		})
	})
	s.lab.saver.touch()
	return &methods.RenameSnapshotBody{Res: new(types.RenameSnapshotResponse)}
}

// RevertToSnapshotTask brings back contents and configuration; the machine is off afterwards, as no memory is kept.
func (s *Snap) RevertToSnapshotTask(ctx *simulator.Context, _ *types.RevertToSnapshot_Task) soap.HasFault {
	ref := s.lab.task(ctx, s.Vm, "RevertToSnapshot_Task", "revertToSnapshot", func() (types.AnyType, types.BaseMethodFault) {
		return nil, s.lab.revert(ctx, s.VirtualMachineSnapshot)
	})
	return &methods.RevertToSnapshot_TaskBody{Res: &types.RevertToSnapshot_TaskResponse{Returnval: ref}}
}

// RevertToCurrentSnapshotTask reverts to the current snapshot.
func (v *VM) RevertToCurrentSnapshotTask(ctx *simulator.Context, _ *types.RevertToCurrentSnapshot_Task) soap.HasFault {
	vm := v.VirtualMachine
	if vm.Snapshot == nil || vm.Snapshot.CurrentSnapshot == nil {
		return &methods.RevertToCurrentSnapshot_TaskBody{Fault_: simulator.Fault("no current snapshot", new(types.NotFound))}
	}
	snap := ctx.Map.Get(*vm.Snapshot.CurrentSnapshot).(*simulator.VirtualMachineSnapshot)
	ref := v.lab.task(ctx, v.Self, "RevertToCurrentSnapshot_Task", "revertToCurrentSnapshot",
		func() (types.AnyType, types.BaseMethodFault) { return nil, v.lab.revert(ctx, snap) })
	return &methods.RevertToCurrentSnapshot_TaskBody{Res: &types.RevertToCurrentSnapshot_TaskResponse{Returnval: ref}}
}

func (l *Lab) revert(ctx *simulator.Context, snap *simulator.VirtualMachineSnapshot) types.BaseMethodFault {
	vm := ctx.Map.Get(snap.Vm).(*simulator.VirtualMachine)
	if l.nbd.holds(vm.Self) {
		return &types.FileLocked{FileFault: types.FileFault{File: vm.Config.Files.VmPathName}}
	}
	if isOn(vm) {
		if fault := l.powerOff(ctx, vm); fault != nil {
			return fault
		}
	}
	config, err := deepCopy(&snap.Config)
	if err != nil {
		return internal(err)
	}
	for _, d := range virtualDisks(config.Hardware.Device) {
		if err := l.thaw(vm, d); err != nil {
			return internal(err)
		}
	}
	config.Files, config.Name = vm.Config.Files, vm.Config.Name
	config.ChangeVersion = vm.Config.ChangeVersion + "1"
	*vm.Config = *config
	vm.Summary.Config.NumCpu, vm.Summary.Config.MemorySizeMB = config.Hardware.NumCPU, config.Hardware.MemoryMB
	for _, d := range vm.Config.Hardware.Device {
		if c := d.GetVirtualDevice().Connectable; c != nil {
			c.Connected = false
		}
	}
	res := snap.RevertToSnapshotTask(ctx, &types.RevertToSnapshot_Task{This: snap.Self}).(*methods.RevertToSnapshot_TaskBody)
	if _, fault := await(ctx, res.Res.Returnval); fault != nil {
		return fault
	}
	ctx.Update(vm, []types.PropertyChange{
		{Name: "config.changeVersion", Val: config.ChangeVersion}, {Name: "config.hardware.device", Val: config.Hardware.Device},
	})
	l.complete(vm)
	l.refreshGuest(ctx, vm)
	l.recount(ctx)
	return nil
}

// thaw copies a snapshot's disk back over its live disk, whose lineage ends.
func (l *Lab) thaw(vm *simulator.VirtualMachine, d *types.VirtualDisk) error {
	b, ok := d.Backing.(*types.VirtualDiskFlatVer2BackingInfo)
	if !ok || !snapSuffix.MatchString(b.FileName) {
		return nil
	}
	from := l.store.open(l.path(vm, b.FileName))
	b.FileName = liveOf(b.FileName)
	to := l.store.open(l.path(vm, b.FileName))
	if err := to.copyFrom(from); err != nil {
		return err
	}
	if err := to.resetTracking(); err != nil {
		return err
	}
	b.ChangeId = ""
	if to.ctk != nil {
		b.ChangeId = to.ctk.changeID()
	}
	return nil
}
