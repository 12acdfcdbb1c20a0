// An interoperability peer on hashicorp/yamux, over plain TCP.
//
//	GO111MODULE=off GOPATH=/usr/share/gocode go build -o peer .   (golang-go, golang-github-hashicorp-yamux-dev)
//	peer (-listen | -dial ADDRESS) [-streams N] [-seed N] [-strays] [-verbose] SCENARIO
//
// With -listen it is yamux's server, and says `port N` first; with -dial it is the client. It prints
// `ok SCENARIO` and exits with 0, or what differs, and exits with 1. The last lines of standard error
// are what the library logged.
//
// Two scenarios answer, until the connection ends; the other side opens the streams:
//
//	echo       every stream: all octets come back, then the end
//	answer     every stream begins with a line that says what is wanted; see answers.go
//
// The others open streams and say what differs. The other side has to answer as `echo` does for `open`,
// and as `answer` does for all others:
//
//	open       -streams streams at once, 0 to 2 MB each; their echoes are compared by SHA-256
//	halfclose  one side ends, and the other still has megabytes to say
//	reset      streams killed by each side in the middle, frames that come too late, others unharmed
//	exhaust    nobody reads some streams, in either direction; the others go on; then all is read
//	ping       pings under load, answers that nobody asked for
//	goaway     each side goes away; what is open goes on, and nothing new is opened
//
// Which side is yamux's client does not matter to any of them.
//
// What the library cannot do is done on the wire, see wire.go: it has no call to kill a stream. Its
// Stream.Close sends FIN, and RST only goes out for a stream that comes behind its own GoAway or
// overflows the backlog.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"os"
	"sort"
	"strings"
	"sync"
	"time"

	"github.com/hashicorp/yamux"
)

var (
	listens     = flag.Bool("listen", false, "listen on a port of loopback, as yamux's server")
	dials       = flag.String("dial", "", "dial this address, as yamux's client")
	streams     = flag.Int("streams", 100, "streams of the scenario open")
	seed        = flag.Uint64("seed", 1, "seed of all sizes and octets")
	takesStrays = flag.Bool("strays", false, "the other side sends frames behind RST, as `reset` here does")
	isVerbose   = flag.Bool("verbose", false, "show what the library logs")
	limit       = flag.Duration("limit", 2*time.Minute, "when to give up")
)

// A scenario returns when it is done; what differs goes to the findings.
var scenarios = map[string]func(*end){
	"echo": (*end).echo, "answer": (*end).answer, "open": (*end).open,
	"halfclose": (*end).halfClose, "reset": (*end).reset, "exhaust": (*end).exhaust,
	"ping": (*end).ping, "goaway": (*end).goAway,
}

// end is one end of a connection.
type end struct {
	session *yamux.Session
	wire    *wire
	found   findings
	notes   answers
}

// findings are the differences, and lines that the library logs.
type findings struct {
	lock sync.Mutex
	told []string
	logs []string
}

func (f *findings) add(format string, arguments ...interface{}) {
	f.lock.Lock()
	defer f.lock.Unlock()
	f.told = append(f.told, fmt.Sprintf(format, arguments...))
}

// Write takes a line of the library's log.
func (f *findings) Write(line []byte) (int, error) {
	f.lock.Lock()
	defer f.lock.Unlock()
	f.logs = append(f.logs, strings.TrimSpace(string(line)))
	return len(line), nil
}

func main() {
	flag.Usage = func() {
		fmt.Fprintf(os.Stderr, "peer (-listen | -dial ADDRESS) [OPTIONS] (%s)\n", names())
		flag.PrintDefaults()
	}
	flag.Parse()
	scenario := scenarios[flag.Arg(0)]
	if flag.NArg() != 1 || scenario == nil || *listens == (*dials != "") {
		flag.Usage()
		os.Exit(2)
	}
	e := &end{}
	watchdog := time.AfterFunc(*limit, func() {
		e.found.add("not done after %v", *limit)
		e.report()
	})
	if err := e.connect(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	scenario(e)
	e.finish()
	watchdog.Stop()
	e.report()
}

func names() string {
	var names []string
	for name := range scenarios {
		names = append(names, name)
	}
	sort.Strings(names)
	return strings.Join(names, "|")
}

func (e *end) connect() error {
	configuration := yamux.DefaultConfig()
	configuration.LogOutput = nil
	configuration.Logger = log.New(&e.found, "", 0)
	configuration.KeepAliveInterval = time.Second
	configuration.ConnectionWriteTimeout = 30 * time.Second
	if *dials != "" {
		conn, err := net.Dial("tcp", *dials)
		if err != nil {
			return err
		}
		e.wire = newWire(conn)
		e.session, err = yamux.Client(e.wire, configuration)
		return err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Printf("port %d\n", listener.Addr().(*net.TCPAddr).Port)
	conn, err := listener.Accept()
	if err != nil {
		return err
	}
	listener.Close()
	e.wire = newWire(conn)
	e.session, err = yamux.Server(e.wire, configuration)
	return err
}

// finish looks what is left, and ends the connection as a good peer does.
func (e *end) finish() {
	if !e.session.IsClosed() {
		if _, err := e.session.Ping(); err != nil {
			e.found.add("the last ping: %v", err)
		}
		e.wait("the end of all streams", 5*time.Second, func() bool {
			return e.session.NumStreams() == 0
		})
		e.session.GoAway()
		e.wire.closeWrite()
		select {
		case <-e.session.CloseChan():
		case <-time.After(5 * time.Second):
			e.found.add("the peer does not close the connection")
		}
	} else if left := e.session.NumStreams(); left > 0 {
		e.found.add("the connection ended with %d streams open", left)
	}
	e.session.Close()
}

// report prints what was found, and exits.
func (e *end) report() {
	told := e.found.all()
	if e.wire != nil {
		e.wire.books.Lock()
		told = append(told, e.wire.faults...)
		fmt.Fprintf(
			os.Stderr, "%d data frames carried FIN; the largest data frame of the peer: %d\n",
			e.wire.split, e.wire.largest)
	}
	for _, line := range told {
		fmt.Println(line)
	}
	if len(told) > 0 {
		os.Exit(1)
	}
	fmt.Printf("ok %s\n", flag.Arg(0))
	os.Exit(0)
}

// all returns the differences, with the errors that the library logged.
func (f *findings) all() []string {
	f.lock.Lock()
	defer f.lock.Unlock()
	told := append([]string(nil), f.told...)
	counts := map[string]int{}
	for _, line := range f.logs {
		if *isVerbose {
			fmt.Fprintln(os.Stderr, line)
		}
		// Our own end of the connection, and streams that the wire has killed.
		if strings.Contains(line, "[ERR]") && !strings.Contains(line, "keepalive failed") &&
			!strings.Contains(line, "Failed to write") {
			counts[line]++
		}
	}
	for line, count := range counts {
		told = append(told, fmt.Sprintf("the library logged %d times: %s", count, line))
	}
	return told
}

// wait polls, as the library tells nobody.
func (e *end) wait(what string, limit time.Duration, passes func() bool) {
	for deadline := time.Now().Add(limit); !passes(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			e.found.add("%s did not come within %v", what, limit)
			return
		}
	}
}

// accepted calls for each stream of the peer, until the connection ends, and waits for all calls.
func (e *end) accepted(call func(*stream)) int {
	var group sync.WaitGroup
	defer group.Wait()
	for count := 0; ; count++ {
		accepted, err := e.session.AcceptStream()
		if err != nil {
			if !errors.Is(err, io.EOF) && !errors.Is(err, yamux.ErrSessionShutdown) {
				e.found.add("the session ended: %v", err)
			}
			return count
		}
		group.Add(1)
		go func() {
			defer group.Done()
			call(&stream{Stream: accepted, wire: e.wire})
		}()
	}
}
