package main

import (
	"bytes"
	"crypto/sha256"
	"crypto/sha3"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
)

// The identity block of lab/guest.py: two equal copies on every disk say which machine and which of its disks this is.
const (
	identityMagic = "INCLINE-GUEST-01"
	identitySize  = 4096
	identityFirst = 1 << 20
	identityTwin  = 3 << 20
	kernelOffset  = 4 << 20
	kernelSize    = 1 << 20
	payloadOffset = 16 << 20
)

// Identity is the payload of an identity block.
type Identity struct {
	MachineID string            `json:"machine_id"`
	Hostname  string            `json:"hostname"`
	OS        string            `json:"os"`
	Disk      int               `json:"disk"`
	Disks     int               `json:"disks"`
	Addresses map[string]string `json:"addresses"`
	Covers    []Cover           `json:"covers"`
}

// Cover is an area whose digest must match for the machine to boot.
type Cover struct {
	Offset int64  `json:"offset"`
	Length int64  `json:"length"`
	SHA256 string `json:"sha256"`
}

func encodeIdentity(id Identity) ([]byte, error) {
	payload, err := json.Marshal(id)
	if err != nil {
		return nil, err
	}
	if len(payload) > identitySize-52 {
		return nil, fmt.Errorf("identity of %s needs %d bytes, %d are there", id.Hostname, len(payload), identitySize-52)
	}
	block := make([]byte, identitySize)
	copy(block, identityMagic)
	binary.LittleEndian.PutUint32(block[16:], uint32(len(payload)))
	sum := sha256.Sum256(payload)
	copy(block[20:], sum[:])
	copy(block[52:], payload)
	return block, nil
}

func decodeIdentity(block []byte) (*Identity, error) {
	if len(block) != identitySize || string(block[:16]) != identityMagic {
		return nil, fmt.Errorf("no identity block")
	}
	n := binary.LittleEndian.Uint32(block[16:])
	if n > identitySize-52 {
		return nil, fmt.Errorf("identity block claims %d bytes", n)
	}
	payload := block[52 : 52+n]
	if sum := sha256.Sum256(payload); !bytes.Equal(sum[:], block[20:52]) {
		return nil, fmt.Errorf("identity block is torn")
	}
	id := new(Identity)
	return id, json.Unmarshal(payload, id)
}

// readIdentity reads and checks one disk: both copies equal and whole, every covered area as promised.
func readIdentity(d *Disk) (*Identity, error) {
	first, twin := make([]byte, identitySize), make([]byte, identitySize)
	if err := d.readAt(first, identityFirst); err != nil {
		return nil, err
	}
	if err := d.readAt(twin, identityTwin); err != nil {
		return nil, err
	}
	if !bytes.Equal(first, twin) {
		return nil, fmt.Errorf("the two copies of the identity block differ")
	}
	id, err := decodeIdentity(first)
	if err != nil {
		return nil, err
	}
	for _, c := range id.Covers {
		area := make([]byte, c.Length)
		if err := d.readAt(area, c.Offset); err != nil {
			return nil, err
		}
		if sum := sha256.Sum256(area); hex.EncodeToString(sum[:]) != c.SHA256 {
			return nil, fmt.Errorf("the area at %d does not match its digest", c.Offset)
		}
	}
	return id, nil
}

// pattern streams the bytes of a seed, as lab.guest.pattern makes them.
func pattern(seed int64) io.Reader {
	h := sha3.NewSHAKE256()
	_, _ = h.Write(fmt.Appendf(nil, "incline:%d", seed))
	return h
}

// writePattern writes length bytes of a seed's pattern.
func writePattern(d *Disk, seed, offset, length int64) error {
	src, buf := pattern(seed), make([]byte, 1<<20)
	for length > 0 {
		n := min(length, int64(len(buf)))
		if _, err := io.ReadFull(src, buf[:n]); err != nil {
			return err
		}
		if err := d.writeAt(buf[:n], offset); err != nil {
			return err
		}
		offset, length = offset+n, length-n
	}
	return nil
}

// seedDisk gives a new machine's disk its identity and, with seed bytes, its payload; a boot disk with payload also gets a kernel.
func seedDisk(d *Disk, id Identity, seed, bytesOfPayload int64) error {
	id.Covers = []Cover{}
	if id.Disk == 0 && bytesOfPayload > 0 {
		kernel := make([]byte, kernelSize)
		if _, err := io.ReadFull(pattern(seed^0x6b65726e), kernel); err != nil {
			return err
		}
		if err := d.writeAt(kernel, kernelOffset); err != nil {
			return err
		}
		sum := sha256.Sum256(kernel)
		id.Covers = append(id.Covers, Cover{Offset: kernelOffset, Length: kernelSize, SHA256: hex.EncodeToString(sum[:])})
	}
	block, err := encodeIdentity(id)
	if err != nil {
		return err
	}
	for _, off := range []int64{identityFirst, identityTwin} {
		if err := d.writeAt(block, off); err != nil {
			return err
		}
	}
	return writePattern(d, seed, payloadOffset, min(bytesOfPayload, d.size()-payloadOffset))
}
