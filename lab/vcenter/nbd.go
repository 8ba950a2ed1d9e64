package main

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"strings"
	"sync"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/types"
)

// The NBD protocol's numbers that the server uses (newstyle fixed negotiation, structured replies, base:allocation).
const (
	nbdMagic       = 0x4e42444d41474943
	nbdOptMagic    = 0x49484156454F5054
	nbdReplyMagic  = 0x3e889045565a9
	nbdRequest     = 0x25609513
	nbdSimple      = 0x67446698
	nbdStructured  = 0x668e33ef
	optExportName  = 1
	optAbort       = 2
	optList        = 3
	optInfo        = 6
	optGo          = 7
	optStructured  = 8
	optListMeta    = 9
	optSetMeta     = 10
	repAck         = 1
	repServer      = 2
	repInfo        = 3
	repMeta        = 4
	repErrUnsup    = 1<<31 + 1
	repErrPolicy   = 1<<31 + 2
	repErrInvalid  = 1<<31 + 3
	repErrUnknown  = 1<<31 + 6
	infoExport     = 0
	infoBlockSize  = 3
	cmdRead        = 0
	cmdWrite       = 1
	cmdDisc        = 2
	cmdFlush       = 3
	cmdTrim        = 4
	cmdZeroes      = 6
	cmdStatus      = 7
	flagFUA        = 1
	flagReqOne     = 8
	chunkDone      = 1
	chunkNone      = 0
	chunkData      = 1
	chunkHole      = 2
	chunkStatus    = 5
	chunkError     = 1<<15 + 1
	nbdEPERM       = 1
	nbdEIO         = 5
	nbdEINVAL      = 22
	metaID         = 1
	metaContext    = "base:allocation"
	maxNBDTransfer = 32 << 20
)

// nbdServer serves the disks of machines that are off, as nbdkit's VDDK plugin does: by the descriptor's datastore path, optionally with
// the machine's id and a slash before it.
type nbdServer struct {
	lab      *Lab
	listener net.Listener

	mu    sync.Mutex
	conns map[*nbdConn]bool
}

type nbdConn struct {
	net.Conn
	srv        *nbdServer
	vm         *simulator.VirtualMachine
	disk       *Disk
	export     string
	readOnly   bool
	structured bool
	meta       bool
	noZeroes   bool
	write      sync.Mutex
}

func listenNBD(l *Lab, addr string) (*nbdServer, error) {
	ln, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, err
	}
	return &nbdServer{lab: l, listener: ln, conns: map[*nbdConn]bool{}}, nil
}

func (s *nbdServer) serve() {
	for {
		c, err := s.listener.Accept()
		if err != nil {
			return
		}
		go s.handle(&nbdConn{Conn: c, srv: s})
	}
}

func (s *nbdServer) handle(c *nbdConn) {
	defer c.Close()
	defer s.release(c)
	if err := c.negotiate(); err != nil {
		if !errors.Is(err, io.EOF) && !errors.Is(err, errAborted) {
			log.Printf("nbd: %v", err)
		}
		return
	}
	if err := c.transmit(); err != nil && !errors.Is(err, io.EOF) {
		log.Printf("nbd %s: %v", c.export, err)
	}
}

// claim and release keep which machines' disks are held open from outside.
func (s *nbdServer) claim(c *nbdConn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.conns[c] = true
}

func (s *nbdServer) release(c *nbdConn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.conns, c)
}

// holds says whether a writer has a disk of the machine open.
func (s *nbdServer) holds(vm types.ManagedObjectReference) bool {
	if s == nil {
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.conns {
		if c.vm.Self == vm {
			return true
		}
	}
	return false
}

func (s *nbdServer) describe() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := []string{}
	for c := range s.conns {
		out = append(out, c.export)
	}
	return out
}

var (
	errUnknownExport = errors.New("no machine has this disk")
	errPoweredOn     = errors.New("the machine is not powered off: its disks are locked")
	errAborted       = errors.New("the client ended the negotiation")
)

type exported struct {
	name string
	vm   *simulator.VirtualMachine
	disk *Disk
}

func (s *nbdServer) exports() (out []exported) {
	for _, e := range s.lab.registry().All("VirtualMachine") {
		vm, ok := e.(*simulator.VirtualMachine)
		if !ok || vm.Config == nil {
			continue
		}
		for _, d := range virtualDisks(vm.Config.Hardware.Device) {
			b, ok := d.Backing.(*types.VirtualDiskFlatVer2BackingInfo)
			if !ok {
				continue
			}
			if disk, err := s.lab.disk(vm, d); err == nil {
				out = append(out, exported{name: b.FileName, vm: vm, disk: disk})
			}
		}
	}
	return out
}

func (s *nbdServer) find(name string) (*exported, error) {
	var found *exported
	for _, e := range s.exports() {
		switch {
		case name == e.vm.Self.Value+"/"+e.name:
			found = &e
		case name == e.name && found != nil:
			return nil, fmt.Errorf("%w unambiguously: put the machine's id and a slash before it", errUnknownExport)
		case name == e.name:
			found = &e
		}
	}
	if found == nil {
		return nil, errUnknownExport
	}
	if found.vm.Runtime.PowerState != types.VirtualMachinePowerStatePoweredOff {
		return nil, errPoweredOn
	}
	return found, nil
}

func put(w io.Writer, values ...any) error {
	for _, v := range values {
		if err := binary.Write(w, binary.BigEndian, v); err != nil {
			return err
		}
	}
	return nil
}

func (c *nbdConn) negotiate() error {
	if err := put(c, uint64(nbdMagic), uint64(nbdOptMagic), uint16(3)); err != nil {
		return err
	}
	var flags uint32
	if err := binary.Read(c, binary.BigEndian, &flags); err != nil {
		return err
	}
	c.noZeroes = flags&2 != 0
	for {
		var head struct {
			Magic  uint64
			Option uint32
			Length uint32
		}
		if err := binary.Read(c, binary.BigEndian, &head); err != nil {
			return err
		}
		if head.Magic != nbdOptMagic || head.Length > 1<<16 {
			return fmt.Errorf("bad option header %+v", head)
		}
		data := make([]byte, head.Length)
		if _, err := io.ReadFull(c, data); err != nil {
			return err
		}
		done, err := c.option(head.Option, data)
		if err != nil || done {
			return err
		}
	}
}

func (c *nbdConn) answer(option uint32, kind uint32, data []byte) error {
	if err := put(c, uint64(nbdReplyMagic), option, kind, uint32(len(data))); err != nil {
		return err
	}
	_, err := c.Write(data)
	return err
}

func (c *nbdConn) option(option uint32, data []byte) (done bool, err error) {
	switch option {
	case optExportName:
		return true, c.exportName(string(data))
	case optAbort:
		_ = c.answer(option, repAck, nil)
		return false, errAborted
	case optList:
		for _, e := range c.srv.exports() {
			name := e.vm.Self.Value + "/" + e.name
			entry := append(binary.BigEndian.AppendUint32(nil, uint32(len(name))), name...)
			if err := c.answer(option, repServer, entry); err != nil {
				return false, err
			}
		}
		return false, c.answer(option, repAck, nil)
	case optStructured:
		c.structured = true
		return false, c.answer(option, repAck, nil)
	case optInfo, optGo:
		return c.goOption(option, data)
	case optListMeta, optSetMeta:
		return false, c.metaOption(option, data)
	default:
		return false, c.answer(option, repErrUnsup, nil)
	}
}

// openExport decides whether a disk may be served, and how.
func (c *nbdConn) openExport(name string) error {
	e, err := c.srv.find(name)
	if err != nil {
		return err
	}
	c.vm, c.disk, c.export = e.vm, e.disk, name
	c.readOnly = hasSnapshots(e.vm)
	return nil
}

// transmission flags: has flags, flush, FUA, trim, write zeroes, multi-connection; read-only while there are snapshots.
func (c *nbdConn) flags() uint16 {
	f := uint16(1 | 4 | 8 | 32 | 64 | 256)
	if c.readOnly {
		f |= 2
	}
	return f
}

func (c *nbdConn) exportName(name string) error {
	if err := c.openExport(name); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	c.srv.claim(c)
	if err := put(c, uint64(c.disk.size()), c.flags()); err != nil {
		return err
	}
	if c.noZeroes {
		return nil
	}
	_, err := c.Write(make([]byte, 124))
	return err
}

func (c *nbdConn) goOption(option uint32, data []byte) (bool, error) {
	if len(data) < 6 || int(binary.BigEndian.Uint32(data)) > len(data)-6 {
		return false, c.answer(option, repErrInvalid, nil)
	}
	n := binary.BigEndian.Uint32(data)
	name := string(data[4 : 4+n])
	if err := c.openExport(name); err != nil {
		kind := uint32(repErrUnknown)
		if errors.Is(err, errPoweredOn) {
			kind = repErrPolicy
		}
		return false, c.answer(option, kind, []byte(name+": "+err.Error()))
	}
	if option == optGo {
		c.srv.claim(c) // before the answer: a power-on that follows it must see the claim
		if c.vm.Runtime.PowerState != types.VirtualMachinePowerStatePoweredOff {
			c.srv.release(c)
			return false, c.answer(option, repErrPolicy, []byte(name+": "+errPoweredOn.Error()))
		}
	}
	info := binary.BigEndian.AppendUint16(nil, infoExport)
	info = binary.BigEndian.AppendUint64(info, uint64(c.disk.size()))
	info = binary.BigEndian.AppendUint16(info, c.flags())
	if err := c.answer(option, repInfo, info); err != nil {
		return false, err
	}
	sizes := binary.BigEndian.AppendUint16(nil, infoBlockSize)
	for _, n := range []uint32{1, 65536, maxNBDTransfer} {
		sizes = binary.BigEndian.AppendUint32(sizes, n)
	}
	if err := c.answer(option, repInfo, sizes); err != nil {
		return false, err
	}
	return option == optGo, c.answer(option, repAck, nil)
}

func (c *nbdConn) metaOption(option uint32, data []byte) error {
	if !c.structured || len(data) < 8 {
		return c.answer(option, repErrInvalid, nil)
	}
	n := binary.BigEndian.Uint32(data)
	if int(n)+8 > len(data) {
		return c.answer(option, repErrInvalid, nil)
	}
	rest := data[4+n:]
	count, rest := binary.BigEndian.Uint32(rest), rest[4:]
	wanted := count == 0 && option == optListMeta
	for range count {
		if len(rest) < 4 || int(binary.BigEndian.Uint32(rest)) > len(rest)-4 {
			return c.answer(option, repErrInvalid, nil)
		}
		q := string(rest[4 : 4+binary.BigEndian.Uint32(rest)])
		rest = rest[4+len(q):]
		wanted = wanted || q == metaContext || (option == optListMeta && strings.HasPrefix(metaContext, q))
	}
	if option == optSetMeta {
		c.meta = wanted
	}
	if wanted {
		if err := c.answer(option, repMeta, append(binary.BigEndian.AppendUint32(nil, metaID), metaContext...)); err != nil {
			return err
		}
	}
	return c.answer(option, repAck, nil)
}
