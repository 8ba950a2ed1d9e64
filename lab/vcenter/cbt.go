package main

import (
	"bufio"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"sort"
	"strconv"
	"strings"

	"github.com/vmware/govmomi/vim25/types"
)

// errLineage says that a change id belongs to another life of the disk.
var errLineage = errors.New("the change id is not of this disk's lineage")

// errUntracked says that change tracking is not active on the disk.
var errUntracked = errors.New("change tracking is not active on this disk")

// tracker knows for every grain in which interval it was last written. An interval ends with a snapshot. The change id of a snapshot is
// "<lineage>/<interval that begins there>", so it stays usable after the snapshot is gone. The file is a log: a crash loses no mark.
type tracker struct {
	path    string
	lineage string
	seq     uint32
	marks   map[int64]uint32
}

type trackRecord struct {
	Lineage string   `json:"lineage,omitempty"`
	Seq     uint32   `json:"seq,omitempty"`
	Mark    []uint64 `json:"mark,omitempty"` // first grain, number of grains, interval
}

// newLineage is a uuid as VMware prints it in change ids.
func newLineage() string {
	b := make([]byte, 16)
	_, _ = rand.Read(b)
	parts := make([]string, 16)
	for i, c := range b {
		parts[i] = hex.EncodeToString([]byte{c})
	}
	return strings.Join(parts[:8], " ") + "-" + strings.Join(parts[8:], " ")
}

func newTracker(path string) (*tracker, error) {
	t := &tracker{path: path, lineage: newLineage(), seq: 1, marks: map[int64]uint32{}}
	return t, t.save()
}

func loadTracker(path string) (*tracker, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	t := &tracker{path: path, marks: map[int64]uint32{}}
	dec := json.NewDecoder(bufio.NewReader(f))
	for {
		var r trackRecord
		if err := dec.Decode(&r); err != nil {
			if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) { // a torn last line: its write did not happen either
				break
			}
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		t.apply(r)
	}
	if t.lineage == "" {
		return nil, fmt.Errorf("%s holds no lineage", path)
	}
	return t, nil
}

func (t *tracker) apply(r trackRecord) {
	if r.Lineage != "" {
		t.lineage = r.Lineage
	}
	if r.Seq != 0 {
		t.seq = r.Seq
	}
	if len(r.Mark) == 3 {
		for g := r.Mark[0]; g < r.Mark[0]+r.Mark[1]; g++ {
			t.marks[int64(g)] = uint32(r.Mark[2])
		}
	}
}

func (t *tracker) append(records ...trackRecord) error {
	f, err := os.OpenFile(t.path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer f.Close()
	var text strings.Builder
	for _, r := range records {
		line, err := json.Marshal(r)
		if err != nil {
			return err
		}
		text.Write(line)
		text.WriteByte('\n')
	}
	_, err = f.WriteString(text.String())
	return err
}

// save writes the whole tracker anew, compacted.
func (t *tracker) save() error {
	full := &tracker{path: t.path + ".part"}
	_ = os.Remove(full.path)
	records := []trackRecord{{Lineage: t.lineage, Seq: t.seq}}
	for _, run := range runs(t.sorted(0), func(g int64) uint64 { return uint64(t.marks[g]) }) {
		records = append(records, trackRecord{Mark: []uint64{uint64(run.first), uint64(run.count), run.value}})
	}
	if err := full.append(records...); err != nil {
		return err
	}
	return os.Rename(full.path, t.path)
}

func (t *tracker) sorted(since uint32) []int64 {
	grains := make([]int64, 0, len(t.marks))
	for g, s := range t.marks {
		if s >= since {
			grains = append(grains, g)
		}
	}
	sort.Slice(grains, func(i, j int) bool { return grains[i] < grains[j] })
	return grains
}

type stretch struct {
	first, count int64
	value        uint64
}

// runs joins consecutive grains of equal value.
func runs(grains []int64, value func(int64) uint64) (out []stretch) {
	for _, g := range grains {
		v := value(g)
		if n := len(out); n > 0 && out[n-1].first+out[n-1].count == g && out[n-1].value == v {
			out[n-1].count++
			continue
		}
		out = append(out, stretch{first: g, count: 1, value: v})
	}
	return out
}

// mark notes a write in the present interval; a grain already noted costs nothing.
func (t *tracker) mark(off, length int64) error {
	if length <= 0 {
		return nil
	}
	var fresh []int64
	for g := off / grain; g <= (off+length-1)/grain; g++ {
		if t.marks[g] != t.seq {
			t.marks[g] = t.seq
			fresh = append(fresh, g)
		}
	}
	var records []trackRecord
	for _, r := range runs(fresh, func(int64) uint64 { return uint64(t.seq) }) {
		records = append(records, trackRecord{Mark: []uint64{uint64(r.first), uint64(r.count), r.value}})
	}
	if len(records) == 0 {
		return nil
	}
	return t.append(records...)
}

// next begins an interval and returns the change id that stands for its beginning.
func (t *tracker) next() (string, error) {
	t.seq++
	return t.changeID(), t.append(trackRecord{Seq: t.seq})
}

func (t *tracker) changeID() string { return fmt.Sprintf("%s/%d", t.lineage, t.seq) }

// reset begins a new lineage: what was known about changes is no longer true.
func (t *tracker) reset() error {
	t.lineage, t.seq, t.marks = newLineage(), 1, map[int64]uint32{}
	return t.save()
}

// since lists the changed areas from a change id on.
func (t *tracker) since(changeID string) ([]types.DiskChangeExtent, error) {
	lineage, number, ok := strings.Cut(changeID, "/")
	seq, err := strconv.ParseUint(number, 10, 32)
	if !ok || err != nil || lineage != t.lineage || uint32(seq) > t.seq || seq == 0 {
		return nil, errLineage
	}
	var out []types.DiskChangeExtent
	for _, r := range runs(t.sorted(uint32(seq)), func(int64) uint64 { return 0 }) {
		out = append(out, types.DiskChangeExtent{Start: r.first * grain, Length: r.count * grain})
	}
	return out, nil
}

// allocated lists the areas of a flat file that hold data, in whole grains.
func allocated(flat string) ([]types.DiskChangeExtent, error) {
	f, err := os.Open(flat)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	st, err := f.Stat()
	if err != nil {
		return nil, err
	}
	var out []types.DiskChangeExtent
	err = extents(f, 0, st.Size(), func(off, n int64) error {
		start, end := off/grain*grain, (off+n+grain-1)/grain*grain
		if l := len(out); l > 0 && out[l-1].Start+out[l-1].Length >= start {
			out[l-1].Length = max(out[l-1].Length, end-out[l-1].Start)
			return nil
		}
		out = append(out, types.DiskChangeExtent{Start: start, Length: end - start})
		return nil
	})
	return out, err
}

// page cuts a list of areas to one answer: areas from start on, clipped to the capacity, at most limit of them, within window bytes
// (0: no window). The answer's length says how far it speaks, as the caller goes on from there.
func page(areas []types.DiskChangeExtent, start, capacity int64, limit int, window int64) types.DiskChangeInfo {
	end := capacity
	if window > 0 {
		end = min(end, start+window)
	}
	info := types.DiskChangeInfo{StartOffset: start}
	for _, a := range areas {
		from, to := max(a.Start, start), min(a.Start+a.Length, end)
		if from >= to {
			continue
		}
		if len(info.ChangedArea) == limit {
			last := info.ChangedArea[limit-1]
			end = last.Start + last.Length
			break
		}
		info.ChangedArea = append(info.ChangedArea, types.DiskChangeExtent{Start: from, Length: to - from})
	}
	info.Length = end - start
	return info
}

// activate starts tracking unless it runs; existing content counts as unknown, hence a new lineage.
func (d *Disk) activate() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.ctk != nil {
		return nil
	}
	t, err := newTracker(ctkOf(d.vmdk))
	d.ctk = t
	return err
}

// deactivate ends tracking.
func (d *Disk) deactivate() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.ctk = nil
	_ = os.Remove(ctkOf(d.vmdk))
}

// resetTracking begins a new lineage if tracking runs.
func (d *Disk) resetTracking() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.ctk == nil {
		return nil
	}
	return d.ctk.reset()
}

// freeze copies content and tracking to a snapshot's disk and returns the change id of that moment ("" without tracking).
func (d *Disk) freeze(to *Disk) (string, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	size, err := sparseCopy(flatOf(d.vmdk), flatOf(to.vmdk))
	if err != nil {
		return "", err
	}
	if err := writeDescriptor(to.vmdk, size); err != nil {
		return "", err
	}
	if d.ctk == nil {
		return "", nil
	}
	frozen := &tracker{path: ctkOf(to.vmdk), lineage: d.ctk.lineage, seq: d.ctk.seq, marks: d.ctk.marks}
	id, err := d.ctk.next()
	if err != nil {
		return "", err
	}
	frozen.seq = d.ctk.seq
	if err := frozen.save(); err != nil {
		return "", err
	}
	to.mu.Lock()
	to.ctk, err = loadTracker(frozen.path)
	to.mu.Unlock()
	return id, err
}

// areas lists what is allocated ("*") or has changed since a change id.
func (d *Disk) areas(changeID string, enabled bool) ([]types.DiskChangeExtent, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	switch {
	case !enabled || d.ctk == nil:
		return nil, errUntracked
	case changeID == "*":
		return allocated(flatOf(d.vmdk))
	default:
		return d.ctk.since(changeID)
	}
}
