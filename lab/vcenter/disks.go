package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
)

// grain is the granularity of change tracking and of allocation answers, as on a real vCenter.
const grain = 64 << 10

var snapSuffix = regexp.MustCompile(`-snap\d{6}\.vmdk$`)

// flatOf names the extent that holds the bytes of a descriptor.
func flatOf(vmdk string) string { return strings.TrimSuffix(vmdk, ".vmdk") + "-flat.vmdk" }

// ctkOf names the change tracking file of a descriptor.
func ctkOf(vmdk string) string { return strings.TrimSuffix(vmdk, ".vmdk") + "-ctk.vmdk" }

// liveOf names the live disk that a snapshot's copy was taken from.
func liveOf(vmdk string) string { return snapSuffix.ReplaceAllString(vmdk, ".vmdk") }

// DiskStore hands out the one Disk of every descriptor file, so that all writers share its lock and its tracker.
type DiskStore struct {
	mu    sync.Mutex
	disks map[string]*Disk
}

// Disk is the content of a virtual disk: a sparse flat file, and what changed in it since when.
type Disk struct {
	mu   sync.Mutex
	vmdk string
	ctk  *tracker
}

func newDiskStore() *DiskStore { return &DiskStore{disks: map[string]*Disk{}} }

// open returns the disk of a descriptor path on this machine; the flat file need not exist yet.
func (s *DiskStore) open(vmdk string) *Disk {
	s.mu.Lock()
	defer s.mu.Unlock()
	d, ok := s.disks[vmdk]
	if !ok {
		d = &Disk{vmdk: vmdk}
		d.ctk, _ = loadTracker(ctkOf(vmdk))
		s.disks[vmdk] = d
	}
	return d
}

// remove forgets and deletes a disk with its descriptor and tracking file.
func (s *DiskStore) remove(vmdk string) {
	s.mu.Lock()
	delete(s.disks, vmdk)
	s.mu.Unlock()
	for _, p := range []string{vmdk, flatOf(vmdk), ctkOf(vmdk)} {
		_ = os.Remove(p)
	}
}

// forgetUnder forgets all disks below a directory that has been deleted.
func (s *DiskStore) forgetUnder(dir string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for p := range s.disks {
		if strings.HasPrefix(p, dir+"/") {
			delete(s.disks, p)
		}
	}
}

// forgetMissing forgets disks whose flat file is gone.
func (s *DiskStore) forgetMissing() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for p := range s.disks {
		if _, err := os.Stat(flatOf(p)); errors.Is(err, fs.ErrNotExist) {
			delete(s.disks, p)
		}
	}
}

// size is the length of the flat file, 0 when there is none.
func (d *Disk) size() int64 {
	st, err := os.Stat(flatOf(d.vmdk))
	if err != nil {
		return 0
	}
	return st.Size()
}

// ensure gives the flat file at least the given sparse size and its descriptor the same capacity.
func (d *Disk) ensure(size int64) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	f, err := os.OpenFile(flatOf(d.vmdk), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	defer f.Close()
	st, err := f.Stat()
	if err != nil {
		return err
	}
	if st.Size() < size {
		if err := f.Truncate(size); err != nil {
			return err
		}
	}
	return writeDescriptor(d.vmdk, max(size, st.Size()))
}

func writeDescriptor(vmdk string, size int64) error {
	text := fmt.Sprintf(`# Disk DescriptorFile
version=1
encoding="UTF-8"
CID=fffffffe
parentCID=ffffffff
createType="vmfs"

# Extent description
RW %d VMFS "%s"

# The Disk Data Base
#DDB
ddb.virtualHWVersion = "19"
ddb.thinProvisioned = "1"
ddb.adapterType = "lsilogic"
`, (size+511)/512, filepath.Base(flatOf(vmdk)))
	return os.WriteFile(vmdk, []byte(text), 0o600)
}

// readAt reads within the disk's size.
func (d *Disk) readAt(p []byte, off int64) error {
	f, err := os.Open(flatOf(d.vmdk))
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = f.ReadAt(p, off)
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// writeAt writes within the disk's size and marks the grains as changed.
func (d *Disk) writeAt(p []byte, off int64) error {
	return d.change("write", off, int64(len(p)), func(f *os.File) error {
		_, err := f.WriteAt(p, off)
		return err
	})
}

// punch makes a range read as zeros and gives its space back.
func (d *Disk) punch(off, length int64) error {
	return d.change("trim", off, length, func(f *os.File) error {
		const keepSize, punchHole = 1, 2
		return syscall.Fallocate(int(f.Fd()), keepSize|punchHole, off, length)
	})
}

// change does something to a range within the disk's size, marked as changed before it is: a mark too many costs a copy, one too few a block.
func (d *Disk) change(what string, off, length int64, do func(*os.File) error) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	f, err := os.OpenFile(flatOf(d.vmdk), os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	defer f.Close()
	st, err := f.Stat()
	if err != nil {
		return err
	}
	if off < 0 || off+length > st.Size() {
		return fmt.Errorf("%s of %d bytes at %d goes beyond the disk's %d bytes", what, length, off, st.Size())
	}
	if d.ctk != nil {
		if err := d.ctk.mark(off, length); err != nil {
			return err
		}
	}
	return do(f)
}

// sync makes written bytes durable.
func (d *Disk) sync() error {
	f, err := os.OpenFile(flatOf(d.vmdk), os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	defer f.Close()
	return f.Sync()
}

// copyFrom replaces the content by that of another disk, sparsely; the size becomes the other's.
func (d *Disk) copyFrom(src *Disk) error {
	src.mu.Lock()
	defer src.mu.Unlock()
	d.mu.Lock()
	defer d.mu.Unlock()
	size, err := sparseCopy(flatOf(src.vmdk), flatOf(d.vmdk))
	if err != nil {
		return err
	}
	return writeDescriptor(d.vmdk, size)
}

func sparseCopy(src, dst string) (int64, error) {
	in, err := os.Open(src)
	if err != nil {
		return 0, err
	}
	defer in.Close()
	st, err := in.Stat()
	if err != nil {
		return 0, err
	}
	tmp := dst + ".part"
	out, err := os.Create(tmp)
	if err != nil {
		return 0, err
	}
	defer os.Remove(tmp)
	defer out.Close()
	if err := out.Truncate(st.Size()); err != nil {
		return 0, err
	}
	err = extents(in, 0, st.Size(), func(off, n int64) error {
		if _, err := out.Seek(off, io.SeekStart); err != nil {
			return err
		}
		_, err := io.Copy(out, io.NewSectionReader(in, off, n))
		return err
	})
	if err != nil {
		return 0, err
	}
	return st.Size(), os.Rename(tmp, dst)
}

// extents calls fn for each allocated range of a file from start on.
func extents(f *os.File, start, size int64, fn func(off, n int64) error) error {
	const seekData, seekHole = 3, 4
	for off := start; off < size; {
		data, err := syscall.Seek(int(f.Fd()), off, seekData)
		if errors.Is(err, syscall.ENXIO) {
			return nil
		}
		if err != nil {
			return err
		}
		if data >= size { // the next data lies behind the range asked for: its distance may not even fit an NBD length
			return nil
		}
		hole, err := syscall.Seek(int(f.Fd()), data, seekHole)
		if err != nil {
			return err
		}
		if err := fn(data, min(hole, size)-data); err != nil {
			return err
		}
		off = hole
	}
	return nil
}

// usedBytes is what a file takes on disk.
func usedBytes(path string) int64 {
	st, err := os.Stat(path)
	if err != nil {
		return 0
	}
	if sys, ok := st.Sys().(*syscall.Stat_t); ok {
		return sys.Blocks * 512
	}
	return st.Size()
}
