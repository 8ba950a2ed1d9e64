"""Where the lab's AWS keeps the content of volumes and snapshots: 512 KiB blocks in one file, and maps that say which is where."""
