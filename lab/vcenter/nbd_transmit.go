package main

import (
	"encoding/binary"
	"fmt"
	"io"
	"log"
	"net"
	"os"

	"github.com/vmware/govmomi/vim25/types"
)

type nbdCommand struct {
	Magic  uint32
	Flags  uint16
	Type   uint16
	Cookie uint64
	Offset uint64
	Length uint32
}

func (c *nbdConn) transmit() error {
	for {
		var cmd nbdCommand
		if err := binary.Read(c, binary.BigEndian, &cmd); err != nil {
			return err
		}
		if cmd.Magic != nbdRequest {
			return fmt.Errorf("bad request magic %#x", cmd.Magic)
		}
		if cmd.Type == cmdDisc {
			return nil
		}
		if (cmd.Type == cmdRead || cmd.Type == cmdWrite) && cmd.Length > maxNBDTransfer {
			return fmt.Errorf("request of %d bytes", cmd.Length)
		}
		if err := c.command(cmd); err != nil {
			return err
		}
	}
}

func (c *nbdConn) command(cmd nbdCommand) error {
	switch cmd.Type {
	case cmdRead:
		return c.read(cmd)
	case cmdStatus:
		return c.status(cmd)
	case cmdWrite:
		data := make([]byte, cmd.Length)
		if _, err := io.ReadFull(c, data); err != nil {
			return err
		}
		return c.done(cmd, c.change(cmd, func() error { return c.disk.writeAt(data, int64(cmd.Offset)) }))
	case cmdTrim, cmdZeroes:
		return c.done(cmd, c.change(cmd, func() error { return c.disk.punch(int64(cmd.Offset), int64(cmd.Length)) }))
	case cmdFlush:
		return c.done(cmd, errnoOf(c.disk.sync()))
	default:
		return c.done(cmd, nbdEINVAL)
	}
}

func errnoOf(err error) uint32 {
	if err != nil {
		log.Printf("nbd: %v", err)
		return nbdEIO
	}
	return 0
}

// change writes, unless the machine has come to have snapshots or has been powered on.
func (c *nbdConn) change(cmd nbdCommand, write func() error) uint32 {
	if fault := c.srv.lab.faults.match("nbd:write", false, c.export, c.vm.Name, c.vm.Self.Value); fault != "" {
		if fault == "Disconnect" {
			c.Close()
		}
		return nbdEIO
	}
	if c.readOnly || hasSnapshots(c.vm) || c.vm.Runtime.PowerState != types.VirtualMachinePowerStatePoweredOff {
		return nbdEPERM
	}
	if cmd.Offset+uint64(cmd.Length) > uint64(c.disk.size()) {
		return nbdEINVAL
	}
	if errno := errnoOf(write()); errno != 0 {
		return errno
	}
	if cmd.Flags&flagFUA != 0 {
		return errnoOf(c.disk.sync())
	}
	return 0
}

func (c *nbdConn) chunk(cmd nbdCommand, flags, kind uint16, parts ...[]byte) error {
	n := 0
	for _, p := range parts {
		n += len(p)
	}
	c.write.Lock()
	defer c.write.Unlock()
	head := binary.BigEndian.AppendUint32(nil, nbdStructured)
	head = binary.BigEndian.AppendUint16(head, flags)
	head = binary.BigEndian.AppendUint16(head, kind)
	head = binary.BigEndian.AppendUint64(head, cmd.Cookie)
	head = binary.BigEndian.AppendUint32(head, uint32(n))
	_, err := (&net.Buffers{head}).WriteTo(c)
	for _, p := range parts {
		if err == nil {
			_, err = c.Write(p)
		}
	}
	return err
}

func (c *nbdConn) done(cmd nbdCommand, errno uint32) error {
	if c.structured && (cmd.Type == cmdRead || cmd.Type == cmdStatus) {
		if errno == 0 {
			return c.chunk(cmd, chunkDone, chunkNone)
		}
		return c.chunk(cmd, chunkDone, chunkError, binary.BigEndian.AppendUint16(binary.BigEndian.AppendUint32(nil, errno), 0))
	}
	return c.simple(cmd, errno, nil)
}

func (c *nbdConn) simple(cmd nbdCommand, errno uint32, data []byte) error {
	c.write.Lock()
	defer c.write.Unlock()
	head := binary.BigEndian.AppendUint32(nil, nbdSimple)
	head = binary.BigEndian.AppendUint32(head, errno)
	head = binary.BigEndian.AppendUint64(head, cmd.Cookie)
	if _, err := c.Write(head); err != nil {
		return err
	}
	_, err := c.Write(data)
	return err
}

func (c *nbdConn) read(cmd nbdCommand) error {
	if fault := c.srv.lab.faults.match("nbd:read", false, c.export, c.vm.Name, c.vm.Self.Value); fault != "" {
		if fault == "Disconnect" {
			c.Close()
		}
		return c.done(cmd, nbdEIO)
	}
	if cmd.Offset+uint64(cmd.Length) > uint64(c.disk.size()) {
		return c.done(cmd, nbdEINVAL)
	}
	data := make([]byte, cmd.Length)
	if err := c.disk.readAt(data, int64(cmd.Offset)); err != nil {
		return c.done(cmd, nbdEIO)
	}
	if !c.structured {
		return c.simple(cmd, 0, data)
	}
	offset := binary.BigEndian.AppendUint64(nil, cmd.Offset)
	if allZero(data) && len(data) > 0 {
		return c.chunk(cmd, chunkDone, chunkHole, offset, binary.BigEndian.AppendUint32(nil, cmd.Length))
	}
	return c.chunk(cmd, chunkDone, chunkData, offset, data)
}

// status answers which parts of a range are holes that read as zeros.
func (c *nbdConn) status(cmd nbdCommand) error {
	if !c.meta || cmd.Length == 0 || cmd.Offset+uint64(cmd.Length) > uint64(c.disk.size()) {
		return c.done(cmd, nbdEINVAL)
	}
	f, err := os.Open(flatOf(c.disk.vmdk))
	if err != nil {
		return c.done(cmd, nbdEIO)
	}
	defer f.Close()
	out := binary.BigEndian.AppendUint32(nil, metaID)
	pos, end, count := int64(cmd.Offset), int64(cmd.Offset)+int64(cmd.Length), 0
	add := func(n int64, flags uint32) {
		if n > 0 && (count == 0 || cmd.Flags&flagReqOne == 0) {
			out = binary.BigEndian.AppendUint32(out, uint32(n))
			out = binary.BigEndian.AppendUint32(out, flags)
			count++
		}
	}
	err = extents(f, pos, end, func(off, n int64) error {
		add(off-pos, 3) // a hole that reads as zeros
		add(n, 0)
		pos = off + n
		return nil
	})
	if err != nil {
		return c.done(cmd, nbdEIO)
	}
	add(end-pos, 3)
	return c.chunk(cmd, chunkDone, chunkStatus, out)
}
