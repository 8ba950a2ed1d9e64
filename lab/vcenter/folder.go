package main

import (
	"fmt"
	"html"
	"io"
	"net/http"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/vmware/govmomi/find"
	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25"
)

// unescape undoes one more layer of percent-encoding than the query already has; virt-v2v sends two.
func unescape(s string) string {
	if once, err := url.QueryUnescape(strings.ReplaceAll(s, "+", "%2B")); err == nil {
		return once
	}
	return s
}

// folderDatastore finds the datastore of a request by dcPath and dsName.
func (l *Lab) folderDatastore(r *http.Request) *simulator.Datastore {
	q := r.URL.Query()
	client, err := vim25.NewClient(r.Context(), l.svc)
	if err != nil {
		return nil
	}
	dcPath := unescape(q.Get("dcPath"))
	finder := find.NewFinder(client, false)
	if dcPath == "" {
		return l.anyDatastore(unescape(q.Get("dsName")))
	}
	if !strings.HasPrefix(dcPath, "/") {
		dcPath = "/" + dcPath
	}
	dc, err := finder.Datacenter(r.Context(), dcPath)
	if err != nil {
		return nil
	}
	center, _ := l.registry().Get(dc.Reference()).(*simulator.Datacenter)
	return datastore(l.registry(), center, unescape(q.Get("dsName")))
}

func (l *Lab) anyDatastore(name string) *simulator.Datastore {
	var found *simulator.Datastore
	for _, e := range l.registry().All("Datastore") {
		if ds, ok := e.(*simulator.Datastore); ok && ds.Name == name {
			if found != nil {
				return nil
			}
			found = ds
		}
	}
	return found
}

// serveFolder is the datastore browser over HTTPS: ranges out, whole files in.
func (l *Lab) serveFolder(w http.ResponseWriter, r *http.Request) {
	if !l.sessions.valid(r) {
		w.Header().Set("WWW-Authenticate", `Basic realm="VMware HTTP server"`)
		http.Error(w, "a session cookie is needed", http.StatusUnauthorized)
		return
	}
	if fault := l.faults.match("folder:"+r.Method, false, r.URL.Path); fault != "" {
		if l.misbehave(w, fault) {
			return
		}
		if fault == "Corrupt" {
			w = &corrupter{ResponseWriter: w}
		} else {
			http.Error(w, fault, http.StatusInternalServerError)
			return
		}
	}
	ds := l.folderDatastore(r)
	if ds == nil {
		http.NotFound(w, r)
		return
	}
	rel := path.Clean("/" + strings.TrimPrefix(r.URL.Path, "/folder"))
	file := filepath.Join(ds.Summary.Url, rel)
	switch r.Method {
	case http.MethodGet, http.MethodHead:
		serveFile(w, r, file, rel)
	case http.MethodPut, http.MethodPost:
		l.putFile(w, r, file)
	case http.MethodDelete:
		l.deleteFile(w, r, file)
	default:
		http.Error(w, "method not allowed", http.StatusMethodNotAllowed)
	}
}

func serveFile(w http.ResponseWriter, r *http.Request, file, rel string) {
	f, err := os.Open(file)
	if err != nil {
		http.NotFound(w, r)
		return
	}
	defer f.Close()
	st, err := f.Stat()
	if err != nil {
		http.NotFound(w, r)
		return
	}
	if st.IsDir() {
		listing(w, file, rel)
		return
	}
	if strings.Contains(r.Header.Get("Range"), ",") {
		http.Error(w, "one range at a time", http.StatusRequestedRangeNotSatisfiable)
		return
	}
	w.Header().Set("Content-Type", "application/octet-stream")
	http.ServeContent(w, r, "", st.ModTime(), f)
}

func listing(w http.ResponseWriter, dir, rel string) {
	entries, _ := os.ReadDir(dir)
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	fmt.Fprintf(w, "<html><body><h1>Index of %s</h1><table>\n", html.EscapeString(rel))
	for _, e := range entries {
		fmt.Fprintf(w, "<tr><td><a href=%q>%s</a></td></tr>\n", "/folder"+path.Join(rel, url.PathEscape(e.Name())), html.EscapeString(e.Name()))
	}
	fmt.Fprintln(w, "</table></body></html>")
}

// descriptorOf names the disk that a flat file belongs to, "" for any other file.
func descriptorOf(file string) string {
	if base, ok := strings.CutSuffix(file, "-flat.vmdk"); ok {
		return base + ".vmdk"
	}
	return ""
}

// putFile takes a whole file. Writing a part is not documented by VMware and refused.
func (l *Lab) putFile(w http.ResponseWriter, r *http.Request, file string) {
	if r.Header.Get("Content-Range") != "" {
		_, _ = io.Copy(io.Discard, r.Body) // so that the client reads the answer instead of a broken pipe
		http.Error(w, "a PUT with Content-Range is not supported: send the whole file", http.StatusNotImplemented)
		return
	}
	vmdk := descriptorOf(file)
	if vmdk == "" {
		vmdk = file
	}
	if l.locked(vmdk) {
		http.Error(w, "the file is locked by a running machine", http.StatusForbidden)
		return
	}
	if _, err := os.Stat(file); err == nil && r.Method == http.MethodPost {
		http.Error(w, "the file exists", http.StatusConflict)
		return
	}
	if err := storeFile(r.Body, file, r.ContentLength); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	if descriptorOf(file) != "" {
		d := l.store.open(vmdk)
		_ = d.ensure(d.size())
		_ = d.resetTracking()
	}
	l.recount(l.context())
	w.WriteHeader(http.StatusCreated)
}

// storeFile writes beside and renames, leaving runs of zeros as holes.
func storeFile(body io.Reader, file string, length int64) error {
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		return err
	}
	tmp := file + ".upload"
	out, err := os.Create(tmp)
	if err != nil {
		return err
	}
	defer os.Remove(tmp)
	defer out.Close()
	buf, off := make([]byte, 64<<10), int64(0)
	for {
		n, err := io.ReadFull(body, buf)
		if n > 0 && !allZero(buf[:n]) {
			if _, werr := out.WriteAt(buf[:n], off); werr != nil {
				return werr
			}
		}
		off += int64(n)
		if err == io.EOF || err == io.ErrUnexpectedEOF {
			break
		}
		if err != nil {
			return err
		}
	}
	if length >= 0 && off != length {
		return fmt.Errorf("%d of %d bytes arrived", off, length)
	}
	if err := out.Truncate(off); err != nil {
		return err
	}
	return os.Rename(tmp, file)
}

func allZero(b []byte) bool {
	for _, c := range b {
		if c != 0 {
			return false
		}
	}
	return true
}

func (l *Lab) deleteFile(w http.ResponseWriter, r *http.Request, file string) {
	vmdk := descriptorOf(file)
	if vmdk == "" {
		vmdk = file
	}
	if l.inUse(vmdk) {
		http.Error(w, "the file belongs to a machine", http.StatusForbidden)
		return
	}
	if err := os.Remove(file); err != nil {
		http.NotFound(w, r)
		return
	}
	l.store.forgetMissing()
	l.recount(l.context())
	w.WriteHeader(http.StatusNoContent)
}

// corrupter flips one bit of the first byte that is served.
type corrupter struct {
	http.ResponseWriter
	done bool
}

// Write flips and passes on.
func (c *corrupter) Write(b []byte) (int, error) {
	if !c.done && len(b) > 0 {
		c.done = true
		b = append([]byte(nil), b...)
		b[0] ^= 1
	}
	return c.ResponseWriter.Write(b)
}
