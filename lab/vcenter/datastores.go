package main

import (
	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

// Datastore refreshes to the truth instead of to a terabyte per host.
type Datastore struct {
	*simulator.Datastore
	lab *Lab
}

// RefreshDatastore recounts.
func (d *Datastore) RefreshDatastore(ctx *simulator.Context, _ *types.RefreshDatastore) soap.HasFault {
	d.lab.recount(ctx)
	return &methods.RefreshDatastoreBody{Res: new(types.RefreshDatastoreResponse)}
}

// RefreshDatastoreStorageInfo recounts.
func (d *Datastore) RefreshDatastoreStorageInfo(ctx *simulator.Context, _ *types.RefreshDatastoreStorageInfo) soap.HasFault {
	d.lab.recount(ctx)
	return &methods.RefreshDatastoreStorageInfoBody{Res: new(types.RefreshDatastoreStorageInfoResponse)}
}

// DiskManager makes, grows, copies and deletes disks with content.
type DiskManager struct {
	*simulator.VirtualDiskManager
	lab *Lab
}

func (m *DiskManager) file(ctx *simulator.Context, dc *types.ManagedObjectReference, name string) string {
	if dc == nil {
		return ""
	}
	center, _ := ctx.Map.Get(*dc).(*simulator.Datacenter)
	return resolve(ctx.Map, center, name)
}

// then runs the simulator's task and a completion inside a task of the lab.
func (m *DiskManager) then(
	ctx *simulator.Context, name, id string, start func() types.ManagedObjectReference, done func() error,
) types.ManagedObjectReference {
	return m.lab.task(ctx, m.Self, name, id, func() (types.AnyType, types.BaseMethodFault) {
		out, fault := await(ctx, start())
		if fault != nil {
			return nil, fault
		}
		if err := done(); err != nil {
			return nil, internal(err)
		}
		m.lab.recount(ctx)
		return out, nil
	})
}

// CreateVirtualDiskTask makes a sparse disk of full size.
func (m *DiskManager) CreateVirtualDiskTask(ctx *simulator.Context, req *types.CreateVirtualDisk_Task) soap.HasFault {
	size := int64(0)
	if s, ok := req.Spec.(types.BaseFileBackedVirtualDiskSpec); ok {
		size = s.GetFileBackedVirtualDiskSpec().CapacityKb * 1024
	}
	ref := m.then(ctx, "CreateVirtualDisk_Task", "createVirtualDisk", func() types.ManagedObjectReference {
		return m.VirtualDiskManager.CreateVirtualDiskTask(ctx, req).(*methods.CreateVirtualDisk_TaskBody).Res.Returnval
	}, func() error { return m.lab.store.open(m.file(ctx, req.Datacenter, req.Name)).ensure(size) })
	return &methods.CreateVirtualDisk_TaskBody{Res: &types.CreateVirtualDisk_TaskResponse{Returnval: ref}}
}

// ExtendVirtualDiskTask grows a disk.
func (m *DiskManager) ExtendVirtualDiskTask(ctx *simulator.Context, req *types.ExtendVirtualDisk_Task) soap.HasFault {
	ref := m.then(ctx, "ExtendVirtualDisk_Task", "extendVirtualDisk", func() types.ManagedObjectReference {
		return m.VirtualDiskManager.ExtendVirtualDiskTask(ctx, req).(*methods.ExtendVirtualDisk_TaskBody).Res.Returnval
	}, func() error {
		d := m.lab.store.open(m.file(ctx, req.Datacenter, req.Name))
		if err := d.ensure(req.NewCapacityKb * 1024); err != nil {
			return err
		}
		return d.resetTracking()
	})
	return &methods.ExtendVirtualDisk_TaskBody{Res: &types.ExtendVirtualDisk_TaskResponse{Returnval: ref}}
}

// CopyVirtualDiskTask copies sparsely.
func (m *DiskManager) CopyVirtualDiskTask(ctx *simulator.Context, req *types.CopyVirtualDisk_Task) soap.HasFault {
	ref := m.lab.task(ctx, m.Self, "CopyVirtualDisk_Task", "copyVirtualDisk", func() (types.AnyType, types.BaseMethodFault) {
		dc := req.DestDatacenter
		if dc == nil {
			dc = req.SourceDatacenter
		}
		from, to := m.file(ctx, req.SourceDatacenter, req.SourceName), m.file(ctx, dc, req.DestName)
		if from == "" || m.lab.store.open(from).size() == 0 {
			return nil, &types.FileNotFound{FileFault: types.FileFault{File: req.SourceName}}
		}
		if to == "" {
			return nil, &types.InvalidDatastorePath{DatastorePath: req.DestName}
		}
		dst := m.lab.store.open(to)
		if dst.size() > 0 && !isTrue(req.Force) {
			return nil, &types.FileAlreadyExists{FileFault: types.FileFault{File: req.DestName}}
		}
		if err := dst.copyFrom(m.lab.store.open(from)); err != nil {
			return nil, internal(err)
		}
		m.lab.recount(ctx)
		return req.DestName, nil
	})
	return &methods.CopyVirtualDisk_TaskBody{Res: &types.CopyVirtualDisk_TaskResponse{Returnval: ref}}
}

// DeleteVirtualDiskTask deletes; a disk that a machine has is locked.
func (m *DiskManager) DeleteVirtualDiskTask(ctx *simulator.Context, req *types.DeleteVirtualDisk_Task) soap.HasFault {
	ref := m.lab.task(ctx, m.Self, "DeleteVirtualDisk_Task", "deleteVirtualDisk", func() (types.AnyType, types.BaseMethodFault) {
		file := m.file(ctx, req.Datacenter, req.Name)
		if file == "" || m.lab.store.open(file).size() == 0 {
			return nil, &types.FileNotFound{FileFault: types.FileFault{File: req.Name}}
		}
		if m.lab.inUse(file) {
			return nil, &types.FileLocked{FileFault: types.FileFault{File: req.Name}}
		}
		m.lab.forget(file)
		m.lab.recount(ctx)
		return nil, nil
	})
	return &methods.DeleteVirtualDisk_TaskBody{Res: &types.DeleteVirtualDisk_TaskResponse{Returnval: ref}}
}

// QueryVirtualDiskUuid answers the uuid that the disk's machine shows.
func (m *DiskManager) QueryVirtualDiskUuid(ctx *simulator.Context, req *types.QueryVirtualDiskUuid) soap.HasFault {
	res := m.VirtualDiskManager.QueryVirtualDiskUuid(ctx, req).(*methods.QueryVirtualDiskUuidBody)
	if res.Fault_ == nil {
		res.Res.Returnval = m.lab.uuid(m.file(ctx, req.Datacenter, req.Name), "", res.Res.Returnval)
	}
	return res
}

// FileManager forgets disks whose files it deleted.
type FileManager struct {
	*simulator.FileManager
	lab *Lab
}

// DeleteDatastoreFileTask deletes a file or a directory.
func (f *FileManager) DeleteDatastoreFileTask(ctx *simulator.Context, req *types.DeleteDatastoreFile_Task) soap.HasFault {
	ref := f.lab.task(ctx, f.Self, "DeleteDatastoreFile_Task", "deleteFile", func() (types.AnyType, types.BaseMethodFault) {
		res := f.FileManager.DeleteDatastoreFileTask(ctx, req).(*methods.DeleteDatastoreFile_TaskBody)
		out, fault := await(ctx, res.Res.Returnval)
		f.lab.store.forgetMissing()
		f.lab.recount(ctx)
		return out, fault
	})
	return &methods.DeleteDatastoreFile_TaskBody{Res: &types.DeleteDatastoreFile_TaskResponse{Returnval: ref}}
}
