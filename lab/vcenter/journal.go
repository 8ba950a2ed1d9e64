package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"sort"
	"strings"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"
)

// The journal holds what finished tasks changed since the state was last written whole: a task that a client has seen succeed is not
// lost by a kill. Each whole state names the first journal that is not in it.

func journalFile(dir string, n int) string {
	return filepath.Join(dir, fmt.Sprintf("journal-%012d.jsonl", n))
}

// note appends the objects that a task has changed, read under the task's own locks.
func (s *saver) note(ctx *simulator.Context, refs ...types.ManagedObjectReference) {
	s.mu.Lock()
	enabled := s.enabled
	s.mu.Unlock()
	if !enabled {
		return
	}
	var text bytes.Buffer
	for _, ref := range refs {
		line, err := s.line(ctx, ref)
		if err != nil {
			log.Printf("lab: %s not noted: %v", ref, err)
			continue
		}
		text.Write(line)
		text.WriteByte('\n')
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	f, err := os.OpenFile(journalFile(s.lab.dir, s.generation), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		log.Printf("lab: journal: %v", err)
		return
	}
	defer f.Close()
	if _, err := f.Write(text.Bytes()); err != nil {
		log.Printf("lab: journal: %v", err)
	}
}

func (s *saver) line(ctx *simulator.Context, ref types.ManagedObjectReference) ([]byte, error) {
	record := SavedObject{Ref: ref}
	if obj := ctx.Map.Get(ref); obj != nil {
		raw, err := encodeObject(plain(obj))
		if err != nil {
			return nil, err
		}
		record.Data = raw
	}
	return json.Marshal(record)
}

// noted tells which objects a task on an object may have changed: a machine with its snapshots, a cluster, and what the task made.
func noted(ctx *simulator.Context, on mo.Reference, before []types.ManagedObjectReference, result types.AnyType) []types.ManagedObjectReference {
	set := map[types.ManagedObjectReference]bool{}
	add := func(ref types.ManagedObjectReference) {
		switch ref.Type {
		case "VirtualMachine", "VirtualMachineSnapshot", "ClusterComputeResource":
			set[ref] = true
		}
	}
	add(on.Reference())
	for _, ref := range before {
		add(ref)
	}
	if ref, ok := result.(types.ManagedObjectReference); ok {
		add(ref)
	}
	if vm, ok := ctx.Map.Get(on.Reference()).(*simulator.VirtualMachine); ok {
		for _, ref := range snapshotRefs(vm) {
			add(ref)
		}
	}
	var refs []types.ManagedObjectReference
	for ref := range set {
		refs = append(refs, ref)
	}
	sort.Slice(refs, func(i, j int) bool { return refs[i].String() < refs[j].String() })
	return refs
}

// turn begins a new journal and says its number.
func (s *saver) turn() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.generation++
	return s.generation
}

// dropBefore deletes the journals that a whole state has made superfluous.
func (s *saver) dropBefore(n int) {
	files, _ := filepath.Glob(filepath.Join(s.lab.dir, "journal-*.jsonl"))
	for _, f := range files {
		if f < journalFile(s.lab.dir, n) {
			_ = os.Remove(f)
		}
	}
}

// replay brings a restored state up to the last finished task.
func (l *Lab) replay(first int) error {
	files, err := filepath.Glob(filepath.Join(l.dir, "journal-*.jsonl"))
	if err != nil {
		return err
	}
	sort.Strings(files)
	ctx := l.context()
	l.saver.generation = first
	for _, name := range files {
		l.saver.generation = max(l.saver.generation, int(numberOf(strings.TrimSuffix(filepath.Base(name), ".jsonl"))))
		if name < journalFile(l.dir, first) {
			continue
		}
		if err := l.replayFile(ctx, name); err != nil {
			return err
		}
	}
	return nil
}

func (l *Lab) replayFile(ctx *simulator.Context, name string) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	lines := bufio.NewReaderSize(f, 1<<20)
	for {
		line, err := lines.ReadBytes('\n')
		if err != nil { // the end, or a last line that was being written
			return nil
		}
		var o SavedObject
		if err := json.Unmarshal(line, &o); err != nil {
			return fmt.Errorf("%s: %w", filepath.Base(name), err)
		}
		if o.Data == nil {
			ctx.Map.Remove(ctx, o.Ref)
			continue
		}
		if err := l.restoreObject(o); err != nil {
			return fmt.Errorf("%s: %s: %w", filepath.Base(name), o.Ref, err)
		}
	}
}
