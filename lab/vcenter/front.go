package main

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strconv"
	"strings"

	"github.com/vmware/govmomi/vim25/types"
)

var (
	soapMethod = regexp.MustCompile(`<(?:[\w-]+:)?Body[^>]*>\s*<(?:[\w-]+:)?(\w+)`)
	switchRef  = regexp.MustCompile(`type="DistributedVirtualSwitch"([^>]*)>(dvs-\d+)<`)
	switchType = regexp.MustCompile(`<((?:[\w-]+:)?type)>VmwareDistributedVirtualSwitch<`)
	readOnly   = regexp.MustCompile(`^(Retrieve|Continue|WaitFor|Check|Query|Find|Fetch|Search|Login|Logout|Create.*(View|Filter|Collector)$|Destroy(View|PropertyFilter)|CurrentTime|SessionIsActive|Cancel)`)
)

// recorder holds an answer back until it has been looked at.
type recorder struct {
	header http.Header
	body   bytes.Buffer
	code   int
}

func (r *recorder) Header() http.Header         { return r.header }
func (r *recorder) Write(b []byte) (int, error) { return r.body.Write(b) }
func (r *recorder) WriteHeader(code int)        { r.code = code }

func (r *recorder) flush(w http.ResponseWriter, body []byte) {
	for k, v := range r.header {
		w.Header()[k] = v
	}
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(r.code)
	_, _ = w.Write(body)
}

// front is the one HTTP layer before the simulator.
func (l *Lab) front(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		l.sessions.sweep()
		switch {
		case strings.HasPrefix(r.URL.Path, "/lab/"):
			l.serveControl(w, r)
		case r.URL.Path == "/folder" || strings.HasPrefix(r.URL.Path, "/folder/"):
			l.serveFolder(w, r)
		case r.URL.Path == "/vsanHealth":
			l.serveVsan(w, r)
		case strings.HasPrefix(r.URL.Path, "/rest") || strings.HasPrefix(r.URL.Path, "/api"):
			l.serveREST(w, r, next)
		case r.Method == http.MethodPost && strings.HasPrefix(r.URL.Path, "/sdk"):
			l.serveSOAP(w, r, next)
		default:
			next.ServeHTTP(w, r)
		}
	})
}

// serveSOAP lets distributed switches go by the name that a real vCenter gives them, and remembers that something may have changed.
func (l *Lab) serveSOAP(w http.ResponseWriter, r *http.Request, next http.Handler) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	name := ""
	if m := soapMethod.FindSubmatch(body); m != nil {
		name = string(m[1])
	}
	if fault := l.faults.match("soap:"+name, false); fault != "" && l.misbehave(w, fault) {
		return
	}
	body = switchType.ReplaceAll(body, []byte(`<$1>DistributedVirtualSwitch<`))
	r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	rec := &recorder{header: http.Header{}, code: http.StatusOK}
	next.ServeHTTP(rec, r)
	rec.flush(w, switchRef.ReplaceAll(rec.body.Bytes(), []byte(`type="VmwareDistributedVirtualSwitch"$1>$2<`)))
	if strings.HasPrefix(name, "WaitForUpdates") {
		l.relays.single()
	}
	if !readOnly.MatchString(name) {
		l.saver.touch()
	}
}

// serveREST serialises calls, as the simulator's REST maps have no lock, and answers tag categories' types without the urn prefix.
func (l *Lab) serveREST(w http.ResponseWriter, r *http.Request, next http.Handler) {
	if fault := l.faults.match("rest:"+r.Method, false, r.URL.Path); fault != "" && l.misbehave(w, fault) {
		return
	}
	if strings.HasPrefix(r.URL.Path, taggingPath+"category") && r.Body != nil {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		body = bytes.ReplaceAll(body, []byte(`"urn:vim25:`), []byte(`"`))
		r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	}
	rec := &recorder{header: http.Header{}, code: http.StatusOK}
	if strings.Contains(r.URL.Path, "/vcenter/") || strings.Contains(r.URL.Path, "/content/library") {
		next.ServeHTTP(rec, r) // these log in to the lab themselves: no lock
	} else {
		l.sessions.mu.Lock()
		next.ServeHTTP(rec, r)
		l.sessions.mu.Unlock()
	}
	rec.flush(w, rec.body.Bytes())
	if r.Method != http.MethodGet {
		l.saver.touch()
	}
}

// misbehave carries out a fault that is below the protocol; false means the fault is not of that kind.
func (l *Lab) misbehave(w http.ResponseWriter, fault string) bool {
	if code, err := strconv.Atoi(strings.TrimPrefix(fault, "HTTP")); err == nil && strings.HasPrefix(fault, "HTTP") {
		http.Error(w, fmt.Sprintf("the lab was told to answer %d", code), code)
		return true
	}
	if fault == "Disconnect" {
		panic(http.ErrAbortHandler)
	}
	return false
}

// serveVsan answers what clients of clusters without vSAN ask: the configuration is "off", and switching it off is a task that is done.
func (l *Lab) serveVsan(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	name := ""
	if m := soapMethod.FindSubmatch(body); m != nil {
		name = string(m[1])
	}
	value := ""
	switch name {
	case "VsanClusterGetConfig":
		value = `<returnval xsi:type="VsanConfigInfoEx"><enabled>false</enabled></returnval>`
	case "VsanClusterReconfig":
		ctx := l.context()
		root := ctx.Map.Get(l.rootFolder())
		ref := l.task(ctx, root, "VsanClusterReconfig", "reconfigure", func() (types.AnyType, types.BaseMethodFault) { return nil, nil })
		value = fmt.Sprintf(`<returnval type="Task">%s</returnval>`, ref.Value)
	}
	w.Header().Set("Content-Type", "text/xml; charset=utf-8")
	fmt.Fprintf(w, `<?xml version="1.0" encoding="UTF-8"?>
<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">`+
		`<soapenv:Body><%[1]sResponse xmlns="urn:vsan">%[2]s</%[1]sResponse></soapenv:Body></soapenv:Envelope>`, name, value)
}
