package main

import (
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"strconv"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/types"
)

// serveControl is the lab's own endpoint: what a guest does, and what goes wrong. It needs the lab's token.
func (l *Lab) serveControl(w http.ResponseWriter, r *http.Request) {
	given := []byte(r.Header.Get("X-Lab-Token"))
	if len(l.token) == 0 || subtle.ConstantTimeCompare(l.token, given) != 1 {
		http.Error(w, "the lab's token is needed in X-Lab-Token", http.StatusForbidden)
		return
	}
	switch r.URL.Path {
	case "/lab/guest/write":
		l.serveGuestWrite(w, r)
	case "/lab/guest/read":
		l.serveGuestRead(w, r)
	case "/lab/faults":
		l.serveFaults(w, r)
	case "/lab/settings":
		l.serveSettings(w, r)
	case "/lab/hosts":
		l.serveHosts(w)
	case "/lab/host":
		l.serveHost(w, r)
	case "/lab/sessions/expire":
		reply(w, map[string]any{"expired": l.sessions.expire(0)})
	case "/lab/state":
		l.serveState(w)
	default:
		http.NotFound(w, r)
	}
}

// machine finds a machine by managed object id or by name.
func (l *Lab) machine(name string) *simulator.VirtualMachine {
	ref := types.ManagedObjectReference{Type: "VirtualMachine", Value: name}
	if vm, ok := l.registry().Get(ref).(*simulator.VirtualMachine); ok {
		return vm
	}
	for _, e := range l.registry().All("VirtualMachine") {
		if vm, ok := e.(*simulator.VirtualMachine); ok && vm.Name == name {
			return vm
		}
	}
	return nil
}

// guestDisk finds the disk of a machine by its position in the guest.
func (l *Lab) guestDisk(name string, index int) (*simulator.VirtualMachine, *Disk, error) {
	vm := l.machine(name)
	if vm == nil {
		return nil, nil, fmt.Errorf("no machine %q", name)
	}
	disks := virtualDisks(vm.Config.Hardware.Device)
	if index < 0 || index >= len(disks) {
		return nil, nil, fmt.Errorf("%s has %d disks, no disk %d", vm.Name, len(disks), index)
	}
	d, err := l.disk(vm, disks[index])
	return vm, d, err
}

func (l *Lab) serveGuestWrite(w http.ResponseWriter, r *http.Request) {
	var body struct {
		VM     string `json:"vm"`
		Disk   int    `json:"disk"`
		Offset int64  `json:"offset"`
		Data   string `json:"data"`
		Seed   *int64 `json:"seed"`
		Length int64  `json:"length"`
	}
	if !decode(w, r, &body) {
		return
	}
	vm, d, err := l.guestDisk(body.VM, body.Disk)
	if err != nil {
		http.Error(w, err.Error(), http.StatusNotFound)
		return
	}
	if !isOn(vm) {
		http.Error(w, vm.Name+" is not running: its guest cannot write", http.StatusConflict)
		return
	}
	l.stun.RLock()
	defer l.stun.RUnlock()
	if body.Seed != nil {
		err = writePattern(d, *body.Seed, body.Offset, body.Length)
	} else {
		var data []byte
		if data, err = base64.StdEncoding.DecodeString(body.Data); err == nil {
			body.Length = int64(len(data))
			err = d.writeAt(data, body.Offset)
		}
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	if body.Offset < payloadOffset {
		ctx := l.context()
		ctx.WithLock(vm, func() { l.refreshGuest(ctx, vm) })
	}
	reply(w, map[string]any{"written": body.Length})
}

func (l *Lab) serveGuestRead(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	index, err1 := strconv.Atoi(q.Get("disk"))
	offset, err2 := strconv.ParseInt(q.Get("offset"), 10, 64)
	length, err3 := strconv.ParseInt(q.Get("length"), 10, 64)
	if err := errors.Join(err1, err2, err3); err != nil || length < 0 || length > 256<<20 {
		http.Error(w, "disk, offset and length (at most 256 MiB) are needed", http.StatusBadRequest)
		return
	}
	_, d, err := l.guestDisk(q.Get("vm"), index)
	if err != nil {
		http.Error(w, err.Error(), http.StatusNotFound)
		return
	}
	data := make([]byte, length)
	if err := d.readAt(data, offset); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	w.Header().Set("Content-Type", "application/octet-stream")
	_, _ = w.Write(data)
}

func (l *Lab) serveSettings(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodPost {
		s := l.current()
		if !decode(w, r, &s) {
			return
		}
		l.apply(s)
	}
	reply(w, l.current())
}

type diskState struct {
	Label, File, UUID, ChangeID string
	Key                         int32
	Size, Used                  int64
}

type machineState struct {
	ID, Name, Power, Health, Host string
	Snapshots                     int
	Disks                         []diskState
}

func (l *Lab) describe(vm *simulator.VirtualMachine) machineState {
	m := machineState{ID: vm.Self.Value, Name: vm.Name, Power: string(vm.Runtime.PowerState), Health: "ok", Snapshots: len(snapshotRefs(vm))}
	if vm.Runtime.Host != nil {
		m.Host = l.nameOf(l.svc.Context, *vm.Runtime.Host)
	}
	if _, err := l.health(vm); err != nil {
		m.Health = err.Error()
	}
	for _, d := range virtualDisks(vm.Config.Hardware.Device) {
		if b, ok := d.Backing.(*types.VirtualDiskFlatVer2BackingInfo); ok {
			m.Disks = append(m.Disks, diskState{
				Label: d.DeviceInfo.GetDescription().Label, File: b.FileName, UUID: b.Uuid, ChangeID: b.ChangeId, Key: d.Key,
				Size: d.CapacityInBytes, Used: usedBytes(flatOf(l.path(vm, b.FileName))),
			})
		}
	}
	return m
}

func (l *Lab) serveState(w http.ResponseWriter) {
	out := []machineState{}
	ctx := l.context()
	for _, e := range l.registry().All("VirtualMachine") {
		if vm, ok := e.(*simulator.VirtualMachine); ok {
			ctx.WithLock(vm, func() { out = append(out, l.describe(vm)) })
		}
	}
	reply(w, map[string]any{"machines": out, "settings": l.current(), "faults": l.faults.list(), "nbd": l.nbd.describe()})
}
