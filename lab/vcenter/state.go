package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log"
	"os"
	"path/filepath"
	"reflect"
	"sort"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"
)

const stateFile = "state.json"

// State is what a restart brings back. Disks, their tracking and their snapshots' copies are files and need no saving.
type State struct {
	Version   int               `json:"version"`
	Inventory *Inventory        `json:"inventory"`
	Journal   int               `json:"journal"` // the first journal that is not in this state
	Highest   int64             `json:"highest"` // no object id up to this number may be given again
	Numbers   map[string]int    `json:"numbers"`
	UUIDs     map[string]string `json:"uuids"` // descriptor path below the state folder -> disk uuid
	Tags      TagState          `json:"tags"`
	Objects   []SavedObject     `json:"objects"`
}

// SavedObject is a managed object with all its properties.
type SavedObject struct {
	Ref  types.ManagedObjectReference `json:"ref"`
	Data json.RawMessage              `json:"data,omitempty"` // absent: the object was destroyed; a null would be read back as four bytes
}

// savedTypes lists, in the order of restoring, what a client can change.
var savedTypes = []string{
	"Folder", "Datacenter", "ResourcePool", "ClusterComputeResource", "HostSystem", "Datastore", "Network",
	"DistributedVirtualSwitch", "DistributedVirtualPortgroup", "VirtualMachine", "VirtualMachineSnapshot",
}

// saver writes the state soon after the last change, and at once when asked.
type saver struct {
	lab *Lab

	mu      sync.Mutex
	dirty   bool
	timer   *time.Timer
	numbers map[string]int
	enabled bool

	generation int // of the journal that is written now

	writing sync.Mutex
}

func newSaver(l *Lab) *saver { return &saver{lab: l, numbers: map[string]int{}} }

const saveDelay = 150 * time.Millisecond

// touch says that something has changed.
func (s *saver) touch() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.enabled || s.dirty {
		return
	}
	s.dirty = true
	s.timer = time.AfterFunc(saveDelay, func() {
		s.mu.Lock()
		s.dirty = false
		s.mu.Unlock()
		if err := s.save(); err != nil {
			log.Printf("lab: state not saved: %v", err)
		}
	})
}

// number counts up a persistent counter.
func (s *saver) number(name string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.numbers[name]++
	return s.numbers[name]
}

// atLeast keeps a counter from falling behind what has been used.
func (s *saver) atLeast(name string, n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.numbers[name] = max(s.numbers[name], n)
}

func (s *saver) enable() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.enabled = true
}

func encodeObject(v any) (json.RawMessage, error) {
	var buf bytes.Buffer
	if err := types.NewJSONEncoder(&buf).Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSpace(buf.Bytes()), nil
}

// plain reaches the property struct inside the simulator's wrapper.
func plain(obj mo.Reference) any {
	v := reflect.ValueOf(obj).Elem()
	for !strings.HasSuffix(v.Type().PkgPath(), "vim25/mo") {
		v = v.Field(0)
		if v.Kind() == reflect.Pointer {
			v = v.Elem()
		}
	}
	return v.Addr().Interface()
}

// save writes everything to a new file and renames it over the old one.
func (s *saver) save() error {
	s.writing.Lock()
	defer s.writing.Unlock()
	journal := s.turn() // what is noted from here on is in no state yet, or in both
	state, err := s.collect()
	if err != nil {
		return err
	}
	state.Journal = journal
	raw, err := json.Marshal(state)
	if err != nil {
		return err
	}
	file := filepath.Join(s.lab.dir, stateFile)
	if err := os.WriteFile(file+".part", raw, 0o600); err != nil {
		return err
	}
	if err := os.Rename(file+".part", file); err != nil {
		return err
	}
	s.dropBefore(journal)
	return nil
}

func (s *saver) collect() (*State, error) {
	l := s.lab
	state := &State{Version: 1, Inventory: l.inv, Numbers: map[string]int{}, UUIDs: map[string]string{}, Tags: l.tags.state()}
	s.mu.Lock()
	for k, v := range s.numbers {
		state.Numbers[k] = v
	}
	s.mu.Unlock()
	l.mu.Lock()
	for p, id := range l.uuids {
		if rel, err := filepath.Rel(l.dir, p); err == nil {
			state.UUIDs[rel] = id
		}
	}
	l.mu.Unlock()
	for _, ref := range l.registry().AllReference("") {
		state.Highest = max(state.Highest, numberOf(ref.Reference().Value))
	}
	for _, kind := range savedTypes {
		objects, err := s.objects(kind)
		if err != nil {
			return nil, err
		}
		state.Objects = append(state.Objects, objects...)
	}
	return state, nil
}

func (s *saver) objects(kind string) (out []SavedObject, err error) {
	ctx := s.lab.context()
	for _, obj := range s.lab.registry().AllReference(kind) {
		var raw json.RawMessage
		ref := obj.Reference()
		ctx.WithLock(obj, func() { raw, err = encodeObject(plain(obj)) })
		if err != nil {
			return nil, fmt.Errorf("%s: %w", ref, err)
		}
		out = append(out, SavedObject{Ref: ref, Data: raw})
	}
	sort.Slice(out, func(i, j int) bool { return numberOf(out[i].Ref.Value) < numberOf(out[j].Ref.Value) })
	return out, nil
}

func numberOf(id string) int64 {
	digits := strings.TrimLeft(id, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-")
	n, _ := strconv.ParseInt(digits, 10, 64)
	return n
}

func readState(dir string) (*State, error) {
	raw, err := os.ReadFile(filepath.Join(dir, stateFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	state := new(State)
	if err := json.Unmarshal(raw, state); err != nil {
		return nil, fmt.Errorf("%s: %w", stateFile, err)
	}
	return state, nil
}

// restore lays the saved objects over an infrastructure that has just been built from the same inventory.
func (l *Lab) restore(state *State) error {
	known := map[types.ManagedObjectReference]bool{}
	for _, o := range state.Objects {
		known[o.Ref] = true
		if err := l.restoreObject(o); err != nil {
			return fmt.Errorf("%s: %w", o.Ref, err)
		}
	}
	ctx := l.context()
	for _, kind := range savedTypes {
		for _, obj := range l.registry().AllReference(kind) {
			if !known[obj.Reference()] {
				ctx.Map.Remove(ctx, obj.Reference())
			}
		}
	}
	if err := l.replay(state.Journal); err != nil {
		return err
	}
	highest := state.Highest
	for _, obj := range l.registry().AllReference("") {
		highest = max(highest, numberOf(obj.Reference().Value))
	}
	l.burn(highest)
	for rel, id := range state.UUIDs {
		l.uuids[filepath.Join(l.dir, rel)] = id
	}
	for name, n := range state.Numbers {
		l.saver.atLeast(name, n)
	}
	st, err := os.Stat(filepath.Join(l.dir, stateFile))
	if err != nil {
		return err
	}
	l.mend(st.ModTime())
	return l.tags.restore(state.Tags)
}

// burn takes ids out of circulation.
func (l *Lab) burn(highest int64) {
	for {
		f := new(simulator.Folder)
		l.registry().NewEntity(f)
		if numberOf(f.Self.Value) >= highest {
			return
		}
	}
}

func decodeObject(raw json.RawMessage, into any) error {
	return types.NewJSONDecoder(bytes.NewReader(raw)).Decode(into)
}

// restoreObject brings one object back: over the one that was rebuilt, or as a new one under its old id.
func (l *Lab) restoreObject(o SavedObject) error {
	reg := l.registry()
	existing := reg.Get(o.Ref)
	switch o.Ref.Type {
	case "HostSystem":
		return l.restoreHost(o)
	case "Datastore":
		return l.restoreDatastore(o)
	}
	if existing == nil {
		if existing = blank(o.Ref.Type); existing == nil {
			return fmt.Errorf("cannot be restored")
		}
		if err := decodeObject(o.Data, plain(existing)); err != nil {
			return err
		}
		reg.Put(existing)
		if c, ok := existing.(*simulator.ClusterComputeResource); ok && c.EnvironmentBrowser != nil && reg.Get(*c.EnvironmentBrowser) == nil {
			eb := new(simulator.EnvironmentBrowser)
			eb.Self = *c.EnvironmentBrowser
			reg.Put(eb)
		}
		return nil
	}
	target := reflect.ValueOf(plain(existing))
	fresh := reflect.New(target.Elem().Type())
	if err := decodeObject(o.Data, fresh.Interface()); err != nil {
		return err
	}
	target.Elem().Set(fresh.Elem())
	return nil
}

// blank makes the simulator's object of a type.
func blank(kind string) mo.Reference {
	switch kind {
	case "Folder":
		return new(simulator.Folder)
	case "Datacenter":
		return new(simulator.Datacenter)
	case "ResourcePool":
		return new(simulator.ResourcePool)
	case "ClusterComputeResource":
		return new(simulator.ClusterComputeResource)
	case "Network":
		return new(mo.Network)
	case "DistributedVirtualSwitch":
		return new(simulator.DistributedVirtualSwitch)
	case "DistributedVirtualPortgroup":
		return new(simulator.DistributedVirtualPortgroup)
	case "VirtualMachine":
		return new(simulator.VirtualMachine)
	case "VirtualMachineSnapshot":
		return new(simulator.VirtualMachineSnapshot)
	default:
		return nil
	}
}

// restoreHost takes over what changes on a host; its subsystems hold pointers into the rebuilt object.
func (l *Lab) restoreHost(o SavedObject) error {
	var saved mo.HostSystem
	if err := decodeObject(o.Data, &saved); err != nil {
		return err
	}
	h, ok := l.registry().Get(o.Ref).(*simulator.HostSystem)
	if !ok {
		return nil // a host that a client added: not kept
	}
	h.Vm, h.Network, h.Datastore, h.Parent = saved.Vm, saved.Network, saved.Datastore, saved.Parent
	h.Runtime.InMaintenanceMode, h.Runtime.ConnectionState = saved.Runtime.InMaintenanceMode, saved.Runtime.ConnectionState
	h.Summary.QuickStats = saved.Summary.QuickStats
	return nil
}

func (l *Lab) restoreDatastore(o SavedObject) error {
	var saved mo.Datastore
	if err := decodeObject(o.Data, &saved); err != nil {
		return err
	}
	ds, ok := l.registry().Get(o.Ref).(*simulator.Datastore)
	if !ok {
		return nil
	}
	ds.Vm, ds.Name, ds.Summary.Name, ds.Summary.Capacity = saved.Vm, saved.Name, saved.Summary.Name, saved.Summary.Capacity
	return nil
}
