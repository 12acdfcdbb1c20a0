package main

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"sync"
)

// The frames' kinds and flags (yamux specification, "Framing").
const (
	kindData   = 0
	kindWindow = 1
	kindPing   = 2
	kindGoAway = 3

	flagSYN = 1
	flagACK = 2
	flagFIN = 4
	flagRST = 8

	headerSize    = 12
	initialWindow = 256 * 1024
)

type frame struct {
	kind   uint8
	flags  uint16
	stream uint32
	length uint32
}

func parse(header []byte) frame {
	return frame{
		kind: header[1], flags: binary.BigEndian.Uint16(header[2:]),
		stream: binary.BigEndian.Uint32(header[4:]), length: binary.BigEndian.Uint32(header[8:])}
}

func (f frame) bytes() []byte {
	header := make([]byte, headerSize)
	header[1] = f.kind
	binary.BigEndian.PutUint16(header[2:], f.flags)
	binary.BigEndian.PutUint32(header[4:], f.stream)
	binary.BigEndian.PutUint32(header[8:], f.length)
	return header
}

func (f frame) String() string {
	return fmt.Sprintf("kind %d flags %d stream %d length %d", f.kind, f.flags, f.stream, f.length)
}

// flow is what one direction of a stream has used of its window.
type flow struct {
	sent    int64 // octets of data
	allowed int64 // the initial window and all updates
}

// wire stands between the library and the connection. It knows where frames begin and end, so it can
// do what the library has no call for: kill one stream, and send frames that no library would.
//
// It also keeps the books of both directions, and splits a data frame that carries FIN: the library
// looks at the flag before it stores the data, so a reader that is quick sees the end without them.
type wire struct {
	conn net.Conn

	out     sync.Mutex // holds a whole frame
	header  []byte     // of the frame that the library is about to write
	left    int64      // octets of its body that are still to come
	dropped bool       // the frame goes nowhere

	in     sync.Mutex // holds a whole frame
	inner  *io.PipeReader
	feed   *io.PipeWriter
	closed sync.Once

	books    sync.Mutex
	dead     map[uint32]bool  // streams that this side has killed
	outgoing map[uint32]*flow // by stream
	incoming map[uint32]*flow
	resets   map[uint32]bool  // streams that the peer has killed
	ends     map[uint32]bool  // streams that the peer has ended
	read     map[uint32]bool  // those of which the library has read the end
	pongs    map[uint32]int   // answers by value
	late     map[uint32]int64 // octets that came for a stream behind our RST
	split    int              // data frames with FIN
	largest  uint32           // octets of the peer's largest data frame
	faults   []string
	changed  *sync.Cond // pongs or resets came
}

func newWire(conn net.Conn) *wire {
	w := &wire{
		conn: conn, dead: map[uint32]bool{}, outgoing: map[uint32]*flow{},
		incoming: map[uint32]*flow{}, resets: map[uint32]bool{}, ends: map[uint32]bool{},
		read: map[uint32]bool{}, pongs: map[uint32]int{}, late: map[uint32]int64{}}
	w.changed = sync.NewCond(&w.books)
	w.inner, w.feed = io.Pipe()
	go w.receive()
	return w
}

// MARK: What the library sees

func (w *wire) Read(p []byte) (int, error) { return w.inner.Read(p) }

func (w *wire) Close() error {
	w.closed.Do(func() { w.inner.CloseWithError(io.ErrClosedPipe) })
	return w.conn.Close()
}

// Write takes what the library writes: always a whole header first, then its body.
func (w *wire) Write(p []byte) (int, error) {
	if w.left == 0 {
		w.header = append(w.header, p...)
		if len(w.header) < headerSize {
			return len(p), nil
		}
		f := parse(w.header)
		w.out.Lock()
		w.dropped = w.noteOutgoing(f)
		if f.kind == kindData {
			w.left = int64(f.length)
		}
		header := w.header
		w.header = nil
		if w.left == 0 {
			defer w.out.Unlock()
		}
		if w.dropped {
			return len(p), nil
		}
		if _, err := w.conn.Write(header); err != nil {
			return 0, err
		}
		return len(p), nil
	}
	w.left -= int64(len(p))
	if w.left == 0 {
		defer w.out.Unlock()
	}
	if w.dropped {
		return len(p), nil
	}
	return w.conn.Write(p)
}

// MARK: What it can do besides

// inject sends a frame of its own, between two of the library's.
func (w *wire) inject(f frame, body []byte) error {
	w.out.Lock()
	defer w.out.Unlock()
	_, err := w.conn.Write(append(f.bytes(), body...))
	return err
}

// reset kills a stream: the peer gets RST, and the library is told that the peer had sent one.
func (w *wire) reset(stream uint32) error {
	w.books.Lock()
	w.dead[stream] = true
	w.books.Unlock()
	rst := frame{kind: kindWindow, flags: flagRST, stream: stream}
	if err := w.inject(rst, nil); err != nil {
		return err
	}
	w.in.Lock()
	defer w.in.Unlock()
	_, err := w.feed.Write(rst.bytes())
	return err
}

// closeWrite says that nothing follows, and leaves the other direction open.
func (w *wire) closeWrite() {
	w.out.Lock()
	defer w.out.Unlock()
	if tcp, ok := w.conn.(*net.TCPConn); ok {
		tcp.CloseWrite()
	}
}

// MARK: What comes

func (w *wire) receive() {
	reader := bufio.NewReaderSize(w.conn, 256*1024)
	header := make([]byte, headerSize)
	for {
		if _, err := io.ReadFull(reader, header); err != nil {
			if err == io.ErrUnexpectedEOF {
				w.fault("the connection ends within a header")
			}
			w.feed.CloseWithError(io.EOF)
			return
		}
		if header[0] != 0 || header[1] > kindGoAway {
			w.fault(fmt.Sprintf("a header that is none: % x", header))
		}
		if err := w.pass(parse(header), reader); err != nil {
			w.feed.CloseWithError(io.EOF)
			return
		}
	}
}

// pass hands one frame on to the library.
func (w *wire) pass(f frame, reader io.Reader) error {
	w.noteIncoming(f)
	w.in.Lock()
	defer w.in.Unlock()
	isEnd := f.flags&flagFIN != 0
	splits := isEnd && f.kind == kindData && f.length > 0
	if splits {
		f.flags &^= flagFIN
	}
	if _, err := w.feed.Write(f.bytes()); err != nil {
		return err
	}
	if f.kind == kindData {
		if _, err := io.CopyN(w.feed, reader, int64(f.length)); err != nil {
			w.fault("the connection ends within a data frame")
			return err
		}
	}
	if splits {
		end := frame{kind: kindWindow, flags: flagFIN, stream: f.stream}
		if _, err := w.feed.Write(end.bytes()); err != nil {
			return err
		}
	}
	if isEnd {
		w.books.Lock()
		defer w.books.Unlock()
		// The library takes a header only behind all data in front of it.
		w.read[f.stream] = true
		if splits {
			w.split++
		}
	}
	return nil
}

// MARK: The books

func (w *wire) fault(text string) {
	w.books.Lock()
	defer w.books.Unlock()
	w.faults = append(w.faults, text)
}

func entry(flows map[uint32]*flow, stream uint32) *flow {
	if flows[stream] == nil {
		flows[stream] = &flow{allowed: initialWindow}
	}
	return flows[stream]
}

// noteOutgoing tells whether the frame is of a stream that this side has killed.
func (w *wire) noteOutgoing(f frame) bool {
	w.books.Lock()
	defer w.books.Unlock()
	if w.dead[f.stream] {
		return true
	}
	switch f.kind {
	case kindData:
		entry(w.outgoing, f.stream).sent += int64(f.length)
	case kindWindow:
		entry(w.incoming, f.stream).allowed += int64(f.length)
	}
	return false
}

func (w *wire) noteIncoming(f frame) {
	w.books.Lock()
	defer w.books.Unlock()
	defer w.changed.Broadcast()
	switch f.kind {
	case kindPing:
		if f.flags&flagACK != 0 {
			w.pongs[f.length]++
		}
		return
	case kindGoAway:
		return
	}
	if f.flags&flagRST != 0 {
		w.resets[f.stream] = true
		return
	}
	if w.resets[f.stream] && !*takesStrays {
		w.faults = append(w.faults, fmt.Sprintf("a frame behind the peer's RST: %v", f))
	}
	if w.ends[f.stream] && !*takesStrays && (f.kind == kindData || f.flags&flagFIN != 0) {
		w.faults = append(w.faults, fmt.Sprintf("a frame behind the peer's FIN: %v", f))
	}
	w.ends[f.stream] = w.ends[f.stream] || f.flags&flagFIN != 0
	if f.kind == kindWindow {
		entry(w.outgoing, f.stream).allowed += int64(f.length)
		return
	}
	if f.length > w.largest {
		w.largest = f.length
	}
	if w.dead[f.stream] {
		w.late[f.stream] += int64(f.length)
		return
	}
	used := entry(w.incoming, f.stream)
	used.sent += int64(f.length)
	if used.sent > used.allowed && !*takesStrays {
		w.faults = append(w.faults, fmt.Sprintf(
			"stream %d has had %d octets, and was allowed %d", f.stream, used.sent, used.allowed))
	}
}

// hasEnded tells whether the library has all of a stream, its end included.
func (w *wire) hasEnded(stream uint32) bool {
	w.books.Lock()
	defer w.books.Unlock()
	return w.read[stream]
}

// used tells how many octets went out and came in on a stream.
func (w *wire) used(stream uint32) (out, in int64) {
	w.books.Lock()
	defer w.books.Unlock()
	return entry(w.outgoing, stream).sent, entry(w.incoming, stream).sent
}
