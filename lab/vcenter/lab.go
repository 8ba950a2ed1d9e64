package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/simulator/vpx"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"
)

// Lab is the whole data centre: the simulator's service and what the simulator does not have (content, faults, memory of a restart).
type Lab struct {
	dir      string
	token    []byte
	inv      *Inventory
	svc      *simulator.Service
	store    *DiskStore
	faults   *faultBook
	sessions *sessionBook
	relays   *relays
	tags     *tagBook
	nbd      *nbdServer
	saver    *saver

	stun     sync.RWMutex // guests write under it for reading; a snapshot of many disks is one moment for all of them
	mu       sync.Mutex
	uuids    map[string]string // descriptor path -> the disk's uuid
	settings Settings
}

// Settings are what the control endpoint may change while the lab runs.
type Settings struct {
	SessionTTL  float64 `json:"session_ttl_s"`
	PowerDelay  float64 `json:"power_delay_s"`
	AreaLimit   int     `json:"area_limit"`
	AreaWindow  int64   `json:"area_window_bytes"`
	TaskDelayMS int     `json:"task_delay_ms"`
}

func defaultSettings() Settings { return Settings{SessionTTL: 1800, AreaLimit: 2000} }

func newLab(dir string, inv *Inventory) *Lab {
	l := &Lab{dir: dir, inv: inv, store: newDiskStore(), faults: newFaultBook(), uuids: map[string]string{}}
	l.sessions = newSessionBook(l)
	l.relays = newRelays(l)
	l.apply(defaultSettings())
	return l
}

// apply puts settings into force; the delays live in the simulator's own task runner, which waits before it takes an object's lock.
func (l *Lab) apply(s Settings) {
	l.mu.Lock()
	l.settings = s
	l.mu.Unlock()
	power := int(s.PowerDelay * 1000)
	simulator.TaskDelay = simulator.DelayConfig{MethodDelay: map[string]int{
		"LockHandoff":       0,
		"PowerOnVM_Task":    power + s.TaskDelayMS,
		"PowerOffVM_Task":   power + s.TaskDelayMS,
		"ResetVM_Task":      power,
		"SuspendVM_Task":    power,
		"ShutdownGuest":     power,
		"CreateSnapshot":    s.TaskDelayMS,
		"RemoveSnapshot":    s.TaskDelayMS,
		"ReconfigVM_Task":   s.TaskDelayMS,
		"CreateVM_Task":     s.TaskDelayMS,
		"Destroy_Task":      s.TaskDelayMS,
		"CloneVM_Task":      s.TaskDelayMS,
		"RevertToSnapshot":  s.TaskDelayMS,
		"RemoveAllSnapshot": s.TaskDelayMS,
	}}
}

func (l *Lab) current() Settings {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.settings
}

func (l *Lab) registry() *simulator.Registry { return l.svc.Context.Map }

func (l *Lab) rootFolder() types.ManagedObjectReference { return vpx.RootFolder.Self }

// context is a fresh lock owner for work that no request asked for.
func (l *Lab) context() *simulator.Context {
	ctx := *l.svc.Context
	return &ctx
}

// task runs a piece of work as a vSphere task under the name that the real API gives it.
func (l *Lab) task(
	ctx *simulator.Context, on mo.Reference, name, id string, run func() (types.AnyType, types.BaseMethodFault),
) types.ManagedObjectReference {
	entity, isEntity := ctx.Map.Get(on.Reference()).(mo.Entity)
	t := simulator.CreateTask(on, id, func(t *simulator.Task) (types.AnyType, types.BaseMethodFault) {
		defer l.saver.touch()
		if !isEntity {
			t.Info.Entity = nil // a manager is no entity: real vCenters leave it out, and clients fail on it
		}
		if fault := l.faults.task(name, on.Reference(), l.nameOf(ctx, on.Reference())); fault != nil {
			return nil, fault
		}
		var before []types.ManagedObjectReference
		if vm, ok := ctx.Map.Get(on.Reference()).(*simulator.VirtualMachine); ok {
			before = snapshotRefs(vm)
		}
		result, fault := run()
		l.saver.note(ctx, noted(ctx, on, before, result)...)
		return result, fault
	})
	t.Info.Name = name
	t.Info.EntityName = ""
	if isEntity {
		t.Info.EntityName = entity.Entity().Name
	}
	return t.Run(ctx)
}

// await waits for a task that was started inside another one.
func await(ctx *simulator.Context, ref types.ManagedObjectReference) (types.AnyType, types.BaseMethodFault) {
	t := ctx.Map.Get(ref).(*simulator.Task)
	for !finished(ctx, t) {
		time.Sleep(300 * time.Microsecond) // the simulator's own wait sleeps 10 ms, many times over for an estate
	}
	if t.Info.Error != nil {
		return nil, t.Info.Error.Fault
	}
	return t.Info.Result, nil
}

func finished(ctx *simulator.Context, t *simulator.Task) (done bool) {
	ctx.Map.WithLock(new(simulator.Context), t, func() {
		done = t.Info.State == types.TaskInfoStateSuccess || t.Info.State == types.TaskInfoStateError
	})
	return done
}

func (l *Lab) nameOf(ctx *simulator.Context, ref types.ManagedObjectReference) string {
	if e, ok := ctx.Map.Get(ref).(mo.Entity); ok {
		return e.Entity().Name
	}
	return ref.Value
}

// datacenterOf walks up from an entity.
func datacenterOf(reg *simulator.Registry, ref types.ManagedObjectReference) *simulator.Datacenter {
	for {
		switch o := reg.Get(ref).(type) {
		case *simulator.Datacenter:
			return o
		case mo.Entity:
			if o.Entity().Parent == nil {
				return nil
			}
			ref = *o.Entity().Parent
		default:
			return nil
		}
	}
}

// datastore finds a datastore by name in a datacenter.
func datastore(reg *simulator.Registry, dc *simulator.Datacenter, name string) *simulator.Datastore {
	if dc == nil {
		return nil
	}
	for _, ref := range dc.Datastore {
		if ds, ok := reg.Get(ref).(*simulator.Datastore); ok && ds.Name == name {
			return ds
		}
	}
	return nil
}

// resolve turns "[datastore] path" of a datacenter into a path on this machine, "" when there is no such datastore.
func resolve(reg *simulator.Registry, dc *simulator.Datacenter, dsPath string) string {
	var p object.DatastorePath
	if !p.FromString(dsPath) {
		return ""
	}
	ds := datastore(reg, dc, p.Datastore)
	if ds == nil {
		return ""
	}
	return filepath.Join(ds.Summary.Url, filepath.Clean("/"+p.Path))
}

// path resolves a datastore path as a machine sees it.
func (l *Lab) path(vm *simulator.VirtualMachine, dsPath string) string {
	return resolve(l.registry(), datacenterOf(l.registry(), vm.Self), dsPath)
}

// disk opens the content behind a virtual disk device.
func (l *Lab) disk(vm *simulator.VirtualMachine, d *types.VirtualDisk) (*Disk, error) {
	b, ok := d.Backing.(*types.VirtualDiskFlatVer2BackingInfo)
	if !ok {
		return nil, fmt.Errorf("disk %d of %s has no flat backing", d.Key, vm.Name)
	}
	p := l.path(vm, b.FileName)
	if p == "" {
		return nil, fmt.Errorf("disk %d of %s: no datastore for %s", d.Key, vm.Name, b.FileName)
	}
	return l.store.open(p), nil
}

// recount makes every datastore's free space follow the files on it: disks by their full size, snapshot copies by what they hold.
func (l *Lab) recount(ctx *simulator.Context) {
	for _, e := range l.registry().All("Datastore") {
		ds, ok := e.(*simulator.Datastore)
		if !ok {
			continue
		}
		free := ds.Summary.Capacity - usedOn(ds.Summary.Url)
		ctx.WithLock(ds, func() {
			if ds.Summary.FreeSpace == free {
				return
			}
			ds.Info.GetDatastoreInfo().FreeSpace = free
			ds.Info.GetDatastoreInfo().Timestamp = types.NewTime(time.Now())
			ctx.Update(ds, []types.PropertyChange{{Name: "summary.freeSpace", Val: free}})
		})
	}
}

func usedOn(dir string) (used int64) {
	vms, _ := os.ReadDir(dir)
	for _, vm := range vms {
		files, _ := os.ReadDir(filepath.Join(dir, vm.Name()))
		for _, f := range files {
			p := filepath.Join(dir, vm.Name(), f.Name())
			info, err := f.Info()
			switch {
			case err != nil:
			case bytes.Contains([]byte(f.Name()), []byte("-snap")):
				used += usedBytes(p)
			default:
				used += info.Size()
			}
		}
	}
	return used
}

// virtualDisks lists a device list's disks by controller and unit, the order in which a guest numbers them.
func virtualDisks(devices []types.BaseVirtualDevice) (out []*types.VirtualDisk) {
	for _, d := range devices {
		if disk, ok := d.(*types.VirtualDisk); ok {
			out = append(out, disk)
		}
	}
	sortDisks(devices, out)
	return out
}
