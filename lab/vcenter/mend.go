package main

import (
	"log"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/types"
)

var snapNumber = regexp.MustCompile(`-snap(\d{6})`)

// mend brings a restored state and the files into line: a killed process may have been ahead of its state with either of them.
func (l *Lab) mend(saved time.Time) {
	ctx := l.context()
	used := map[string]bool{}
	for _, e := range l.registry().All("VirtualMachine") {
		vm, ok := e.(*simulator.VirtualMachine)
		if !ok {
			continue
		}
		home := l.path(vm, vm.Config.Files.LogDirectory)
		if _, err := os.Stat(home); err != nil {
			log.Printf("lab: %s was being destroyed: gone", vm.Name)
			l.unlink(ctx, vm)
			continue
		}
		used[home] = true
		l.mendSnapshots(ctx, vm)
		l.mendDisks(vm, used)
	}
	l.mendMembership(ctx)
	for _, obj := range l.registry().AllReference("VirtualMachineSnapshot") {
		if s, ok := obj.(*simulator.VirtualMachineSnapshot); ok && l.registry().Get(s.Vm) == nil {
			ctx.Map.Remove(ctx, s.Self)
		}
	}
	l.sweepFiles(used, saved)
}

// mendMembership makes the lists of folders, hosts, pools and datastores agree with the machines.
func (l *Lab) mendMembership(ctx *simulator.Context) {
	reg := l.registry()
	alive := func(refs []types.ManagedObjectReference) (out []types.ManagedObjectReference) {
		for _, r := range refs {
			if r.Type != "VirtualMachine" || reg.Get(r) != nil {
				out = append(out, r)
			}
		}
		return out
	}
	for _, e := range reg.All("") {
		switch o := e.(type) {
		case *simulator.Folder:
			o.ChildEntity = alive(o.ChildEntity)
		case *simulator.HostSystem:
			o.Vm = alive(o.Vm)
		case *simulator.ResourcePool:
			o.Vm = alive(o.Vm)
		case *simulator.Datastore:
			o.Vm = alive(o.Vm)
		}
	}
	for _, e := range reg.All("VirtualMachine") {
		if vm, ok := e.(*simulator.VirtualMachine); ok {
			l.enlist(ctx, vm)
		}
	}
}

func (l *Lab) enlist(ctx *simulator.Context, vm *simulator.VirtualMachine) {
	reg := l.registry()
	if f, ok := reg.Get(*vm.Parent).(*simulator.Folder); ok {
		reg.AddReference(ctx, f, &f.ChildEntity, vm.Self)
	}
	if h, ok := reg.Get(*vm.Runtime.Host).(*simulator.HostSystem); ok {
		reg.AddReference(ctx, h, &h.Vm, vm.Self)
	}
	if p, ok := poolOf(ctx, vm.ResourcePool); ok {
		reg.AddReference(ctx, p, &p.Vm, vm.Self)
	}
	for _, ref := range vm.Datastore {
		if ds, ok := reg.Get(ref).(*simulator.Datastore); ok {
			reg.AddReference(ctx, ds, &ds.Vm, vm.Self)
		}
	}
}

// unlink takes a machine that has no files out of the inventory.
func (l *Lab) unlink(ctx *simulator.Context, vm *simulator.VirtualMachine) {
	for _, s := range snapshotRefs(vm) {
		ctx.Map.Remove(ctx, s)
	}
	vm.Runtime.PowerState = types.VirtualMachinePowerStatePoweredOff
	vm.UnregisterVM(ctx, &types.UnregisterVM{This: vm.Self})
}

// mendSnapshots drops snapshots whose copies have been deleted already.
func (l *Lab) mendSnapshots(ctx *simulator.Context, vm *simulator.VirtualMachine) {
	for _, ref := range snapshotRefs(vm) {
		snap, ok := ctx.Map.Get(ref).(*simulator.VirtualMachineSnapshot)
		whole := ok
		if ok {
			for _, d := range virtualDisks(snap.Config.Hardware.Device) {
				content, err := l.disk(vm, d)
				whole = whole && err == nil && content.size() > 0
			}
		}
		if whole {
			continue
		}
		log.Printf("lab: snapshot %s of %s was being removed: gone", ref.Value, vm.Name)
		if ok {
			l.dropCopies(ctx, vm, []types.ManagedObjectReference{ref})
		}
		current := vm.Snapshot.CurrentSnapshot
		if current != nil && *current == ref {
			vm.Snapshot.CurrentSnapshot = parentOf(vm.Snapshot.RootSnapshotList, nil, ref)
		}
		vm.Snapshot.RootSnapshotList = cut(vm.Snapshot.RootSnapshotList, ref)
		simulator.RemoveReference(&vm.RootSnapshot, ref)
		ctx.Map.Remove(ctx, ref)
		if len(vm.Snapshot.RootSnapshotList) == 0 {
			vm.Snapshot, vm.RootSnapshot = nil, nil
			return
		}
	}
}

// cut takes one snapshot out of a tree; its children move up.
func cut(list []types.VirtualMachineSnapshotTree, ref types.ManagedObjectReference) (out []types.VirtualMachineSnapshotTree) {
	for _, s := range list {
		if s.Snapshot == ref {
			out = append(out, s.ChildSnapshotList...)
			continue
		}
		s.ChildSnapshotList = cut(s.ChildSnapshotList, ref)
		out = append(out, s)
	}
	return out
}

// mendDisks gives every disk its full size and takes a size that the file has grown to, and notes which files are in use.
func (l *Lab) mendDisks(vm *simulator.VirtualMachine, used map[string]bool) {
	configs := []*types.VirtualMachineConfigInfo{vm.Config}
	for _, ref := range snapshotRefs(vm) {
		if snap, ok := l.registry().Get(ref).(*simulator.VirtualMachineSnapshot); ok {
			configs = append(configs, &snap.Config)
		}
	}
	for _, c := range configs {
		for _, d := range virtualDisks(c.Hardware.Device) {
			content, err := l.disk(vm, d)
			if err != nil {
				continue
			}
			used[content.vmdk] = true
			if size := content.size(); size > d.CapacityInBytes {
				d.CapacityInBytes, d.CapacityInKB = size, size/1024
			} else if err := content.ensure(d.CapacityInBytes); err != nil {
				log.Printf("lab: %s: %v", content.vmdk, err)
			}
			if b, ok := d.Backing.(*types.VirtualDiskFlatVer2BackingInfo); ok && c == vm.Config {
				l.uuid(content.vmdk, b.Uuid, "")
			}
		}
	}
}

// sweepFiles deletes snapshot copies that nothing refers to, and the folders of machines that were being made when the process died.
func (l *Lab) sweepFiles(used map[string]bool, saved time.Time) {
	for _, e := range l.registry().All("Datastore") {
		ds, ok := e.(*simulator.Datastore)
		if !ok {
			continue
		}
		folders, _ := os.ReadDir(ds.Summary.Url)
		for _, f := range folders {
			dir := filepath.Join(ds.Summary.Url, f.Name())
			if info, err := f.Info(); err == nil && f.IsDir() && !used[dir] && info.ModTime().After(saved) && hasMachine(dir) {
				log.Printf("lab: the machine in %s was being made: gone", dir)
				_ = os.RemoveAll(dir)
				continue
			}
			l.sweepSnapshots(dir, used)
		}
	}
}

func hasMachine(dir string) bool {
	found, _ := filepath.Glob(filepath.Join(dir, "*.vmx"))
	return len(found) > 0
}

func (l *Lab) sweepSnapshots(dir string, used map[string]bool) {
	files, _ := os.ReadDir(dir)
	for _, f := range files {
		m := snapNumber.FindStringSubmatch(f.Name())
		if m == nil {
			continue
		}
		n, _ := strconv.Atoi(m[1])
		l.saver.atLeast("snapshot-files", n)
		base := strings.TrimSuffix(strings.TrimSuffix(strings.TrimSuffix(f.Name(), ".vmdk"), "-flat"), "-ctk")
		if vmdk := filepath.Join(dir, base+".vmdk"); !used[vmdk] {
			_ = os.Remove(filepath.Join(dir, f.Name()))
		}
	}
}
