package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
	"testing"

	"github.com/vmware/govmomi/vim25/types"
)

func newDisk(t *testing.T, size int64) *Disk {
	t.Helper()
	d := newDiskStore().open(filepath.Join(t.TempDir(), "d.vmdk"))
	if err := d.ensure(size); err != nil {
		t.Fatal(err)
	}
	return d
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestTrackerSurvivesReloadAndTornTail(t *testing.T) {
	d := newDisk(t, 1<<30)
	must(t, d.activate())
	first, err := d.ctk.next()
	must(t, err)
	must(t, d.writeAt([]byte("abc"), 5*grain+7))
	must(t, d.writeAt(make([]byte, 3*grain), 100*grain+1)) // four grains
	f, err := os.OpenFile(ctkOf(d.vmdk), os.O_APPEND|os.O_WRONLY, 0)
	must(t, err)
	_, err = f.WriteString(`{"mark":[9,1`)
	must(t, err)
	must(t, f.Close())
	again, err := loadTracker(ctkOf(d.vmdk))
	must(t, err)
	got, err := again.since(first)
	must(t, err)
	want := []types.DiskChangeExtent{{Start: 5 * grain, Length: grain}, {Start: 100 * grain, Length: 4 * grain}}
	if len(got) != len(want) || got[0] != want[0] || got[1] != want[1] {
		t.Fatalf("got %+v, want %+v", got, want)
	}
	must(t, again.reset())
	if _, err := again.since(first); err != errLineage {
		t.Fatalf("a reset lineage answered an old id: %v", err)
	}
}

func TestPunchedHolesCountAsChangedAndFree(t *testing.T) {
	d := newDisk(t, 64<<20)
	must(t, d.writeAt(bytes.Repeat([]byte{1}, 4*grain), 16*grain))
	must(t, d.activate())
	id, err := d.ctk.next()
	must(t, err)
	must(t, d.punch(17*grain, grain))
	changed, err := d.areas(id, true)
	must(t, err)
	if len(changed) != 1 || changed[0] != (types.DiskChangeExtent{Start: 17 * grain, Length: grain}) {
		t.Fatalf("changed %+v", changed)
	}
	used, err := d.areas("*", true)
	must(t, err)
	if len(used) != 2 || used[0].Length != grain || used[1].Start != 18*grain {
		t.Fatalf("allocated %+v", used)
	}
}

func TestPagesCoverEverythingOnce(t *testing.T) {
	var areas []types.DiskChangeExtent
	for i := range int64(5000) {
		areas = append(areas, types.DiskChangeExtent{Start: i * 3 * grain, Length: grain})
	}
	capacity := int64(5000*3*grain + 12345)
	for _, window := range []int64{0, 10 << 20, 1 << 30} {
		seen, start := 0, int64(0)
		for start < capacity {
			p := page(areas, start, capacity, 2000, window)
			if len(p.ChangedArea) > 2000 || p.Length <= 0 {
				t.Fatalf("page of %d areas, length %d", len(p.ChangedArea), p.Length)
			}
			seen += len(p.ChangedArea)
			start += p.Length
		}
		if start != capacity || seen < 5000 {
			t.Fatalf("window %d: %d areas to %d", window, seen, start)
		}
	}
}

func TestIdentityRoundTripAndTears(t *testing.T) {
	d := newDisk(t, 64<<20)
	id := Identity{MachineID: "m", Hostname: "h", OS: "o", Disks: 1, Addresses: map[string]string{"apps": "10.0.0.1"}}
	must(t, seedDisk(d, id, 7, 2<<20))
	got, err := readIdentity(d)
	must(t, err)
	if got.MachineID != "m" || len(got.Covers) != 1 {
		t.Fatalf("read %+v", got)
	}
	for _, offset := range []int64{identityFirst + 60, identityTwin + 4000, kernelOffset + 9} {
		was := make([]byte, 1)
		must(t, d.readAt(was, offset))
		must(t, d.writeAt([]byte{was[0] ^ 1}, offset))
		if _, err := readIdentity(d); err == nil {
			t.Fatalf("a flipped bit at %d was not seen", offset)
		}
		must(t, d.writeAt(was, offset))
	}
}

func TestPatternIsThatOfThePythonSide(t *testing.T) {
	buf := make([]byte, 1000)
	_, err := pattern(42).Read(buf)
	must(t, err)
	sum := sha256.Sum256(buf)
	// hashlib.sha256(hashlib.shake_256(b"incline:42").digest(1000)).hexdigest()
	if got := hex.EncodeToString(sum[:]); got != patternOf42 {
		t.Fatalf("got %s", got)
	}
}

func TestWritesBeyondTheDiskAreRefused(t *testing.T) {
	d := newDisk(t, 1<<20)
	if d.writeAt([]byte("xy"), 1<<20-1) == nil || d.writeAt([]byte("x"), -1) == nil || d.punch(0, 2<<20) == nil {
		t.Fatal("a write beyond the end succeeded")
	}
}

func TestFaultsBySkipAndCount(t *testing.T) {
	b := newFaultBook()
	b.set([]*FaultRule{{Method: "PowerOnVM_Task", Object: "db-01", Fault: "NoPermission", Skip: 1, Count: 2}})
	got := ""
	for range 5 {
		if b.match("PowerOnVM_Task", false, "vm-1", "db-01") != "" {
			got += "x"
		} else {
			got += "."
		}
	}
	if got != ".xx.." || b.match("PowerOnVM_Task", false, "vm-2", "app-01") != "" {
		t.Fatal(got)
	}
}

const patternOf42 = "b45a8c98081083722dbf7553b22cd223802537a64166323acedfa970c718a526"
