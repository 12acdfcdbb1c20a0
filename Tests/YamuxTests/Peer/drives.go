package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/hashicorp/yamux"
)

const megabyte = 1 << 20

// opened opens a stream and says its first line, if any.
func (e *end) opened(line string) *stream {
	opened, err := e.session.OpenStream()
	if err != nil {
		e.found.add("no stream for %q: %v", line, err)
		e.report()
	}
	stream := &stream{Stream: opened, wire: e.wire}
	if line != "" {
		stream.tell(line)
	}
	return stream
}

func (s *stream) tell(line string) {
	// What goes wrong shows in what is read.
	io.WriteString(s.Stream, line+"\n")
}

// all runs a call for each number at once, and waits.
func all(count int, call func(int)) {
	var group sync.WaitGroup
	for index := 0; index < count; index++ {
		group.Add(1)
		go func(index int) {
			defer group.Done()
			call(index)
		}(index)
	}
	group.Wait()
}

// expect reads to the end and compares.
func (e *end) expect(what string, stream *stream, wanted string) {
	var got tally
	if _, err := io.Copy(&got, onlyReader{stream}); err != nil {
		e.found.add("%s: %v after %d octets", what, err, got.count)
	} else if got.String() != wanted {
		e.found.add("%s: %v came back, not %s", what, &got, wanted)
	}
}

// told reads a short answer to its end.
func (e *end) told(what string, stream *stream, wanted string) {
	got, err := io.ReadAll(stream)
	if err != nil || string(got) != wanted {
		e.found.add("%s: %q and %v, not %q", what, got, err, wanted)
	}
}

// asked says a line on a stream of its own, and compares the answer.
func (e *end) asked(line string, wanted string) {
	stream := e.opened(line)
	e.note("close", stream.Close())
	e.told(line, stream, wanted)
}

// echoed sends octets while it reads them again.
func (e *end) echoed(what string, line string, seed uint64, count int64) {
	stream := e.opened(line)
	sent := make(chan error, 1)
	go func() { sent <- stream.say(octets(seed, count)) }()
	e.expect(what, stream, sum(octets(seed, count)))
	if err := <-sent; err != nil {
		e.found.add("%s: sending: %v", what, err)
	}
}

func (e *end) open() {
	sizes := &noise{state: *seed}
	counts := make([]int64, *streams)
	for index := range counts {
		counts[index] = int64(sizes.next() % (2 * megabyte))
	}
	for index, count := range []int64{0, 1, initialWindow - 1, initialWindow, initialWindow + 1, 2 * megabyte} {
		if index < len(counts) {
			counts[index] = count
		}
	}
	all(*streams, func(index int) {
		what := fmt.Sprintf("stream %d of %d octets", index, counts[index])
		e.echoed(what, "", *seed<<32+uint64(index), counts[index])
	})
}

func (e *end) halfClose() {
	counts := []int64{0, 1, 1000, initialWindow, initialWindow + 1, 3 * megabyte}
	all(5*len(counts), func(index int) {
		count, seed := counts[index%len(counts)], *seed<<32+uint64(index)
		stream := e.opened(fmt.Sprintf("answer %d %d", count, seed))
		e.note("close", stream.Close())
		e.expect(fmt.Sprintf("answer %d", count), stream, sum(octets(seed, count)))
	})
	all(5*len(counts), func(index int) {
		count, seed := counts[index%len(counts)], *seed<<32+uint64(index)
		key := fmt.Sprint("key", index)
		stream := e.opened(fmt.Sprintf("early %s %d %d", key, count, seed))
		e.expect(fmt.Sprintf("early %d", count), stream, sum(octets(seed, count)))
		// The peer has ended; this side goes on.
		e.note("early", stream.say(octets(seed+1, 2*count)))
		e.asked("told "+key, sum(octets(seed+1, 2*count))+"\n")
	})
}

// killed reads until the peer's RST.
func (e *end) killed(what string, stream *stream) {
	stream.SetReadDeadline(time.Now().Add(10 * time.Second))
	_, err := io.Copy(io.Discard, onlyReader{stream})
	if err != yamux.ErrConnectionReset {
		e.found.add("%s: %v, not a reset", what, err)
	}
	e.wire.books.Lock()
	defer e.wire.books.Unlock()
	if !e.wire.resets[stream.StreamID()] {
		e.found.add("%s: no RST came", what)
	}
}

func (e *end) reset() {
	var strays []uint32
	var lock sync.Mutex
	kill := func(stream *stream) {
		if err := e.wire.reset(stream.StreamID()); err != nil {
			e.found.add("reset: %v", err)
		}
		lock.Lock()
		defer lock.Unlock()
		strays = append(strays, stream.StreamID())
	}
	all(60, func(index int) {
		number, seed := int64(index/6), *seed<<32+uint64(index)
		switch index % 6 {
		case 0: // unharmed
			e.echoed("an echo beside resets", "echo", seed, megabyte+number)
		case 1: // the peer kills it while we send
			stream := e.opened(fmt.Sprintf("reset %d", number*70_000))
			go stream.say(octets(seed, 4*megabyte))
			e.killed("a stream that the peer should kill", stream)
		case 2: // the peer kills it when we have ended
			stream := e.opened(fmt.Sprintf("reset %d", number))
			stream.say(octets(seed, number))
			e.killed("an ended stream that the peer should kill", stream)
		case 3: // we kill it while the peer sends
			stream := e.opened(fmt.Sprintf("answer %d %d", 2*megabyte, seed))
			stream.Close()
			io.CopyN(io.Discard, stream, 1+number*100_000)
			kill(stream)
		case 4: // we kill it while both send
			stream := e.opened("echo")
			go stream.say(octets(seed, 4*megabyte))
			io.CopyN(io.Discard, stream, 1+number*100_000)
			kill(stream)
		case 5: // we kill it as soon as it is there
			kill(e.opened("echo"))
		}
	})
	e.sendStrays(strays)
	e.echoed("an echo behind resets", "echo", *seed, 3*megabyte)
}

// sendStrays sends what may be under way when a stream is killed: it must be read past.
func (e *end) sendStrays(streams []uint32) {
	for _, stream := range streams {
		for _, f := range []frame{
			{kind: kindData, stream: stream, length: 1000},
			{kind: kindWindow, stream: stream, length: 70_000},
			{kind: kindData, flags: flagFIN, stream: stream, length: 10},
			{kind: kindWindow, flags: flagRST, stream: stream},
		} {
			var body []byte
			if f.kind == kindData {
				body = bytes.Repeat([]byte{0xff}, int(f.length))
			}
			if err := e.wire.inject(f, body); err != nil {
				e.found.add("a frame that comes too late: %v", err)
			}
		}
	}
}

func (e *end) exhaust() {
	const count, number = 2 * megabyte, 5
	held, unread := make([]*stream, number), make([]*stream, number)
	sent := make(chan error, number)
	for index := range held {
		held[index] = e.opened("hold")
		go func(index int) { sent <- held[index].say(octets(uint64(index), count)) }(index)
		unread[index] = e.opened(fmt.Sprintf("answer %d %d", count, 100+index))
		e.note("close", unread[index].Close())
	}
	e.wait("the end of the windows", 10*time.Second, func() bool {
		for index := range held {
			out, _ := e.wire.used(held[index].StreamID())
			_, in := e.wire.used(unread[index].StreamID())
			if out < initialWindow || in < initialWindow {
				return false
			}
		}
		return true
	})
	start := time.Now()
	all(20, func(index int) { e.echoed("an echo beside full windows", "echo", uint64(index), megabyte) })
	fmt.Fprintf(os.Stderr, "20 MB beside full windows: %v\n", time.Since(start))
	for index := range held {
		out, back := e.wire.used(held[index].StreamID())
		_, in := e.wire.used(unread[index].StreamID())
		if out != initialWindow || back != 0 || in != initialWindow {
			e.found.add("windows of %d: %d sent, %d back, %d got", initialWindow, out, back, in)
		}
	}
	e.asked("release", "ok\n")
	all(2*number, func(index int) {
		if index%2 == 0 {
			seed := uint64(index / 2)
			e.expect("a released stream", held[index/2], sum(octets(seed, count)))
		} else {
			e.expect("a stream read late", unread[index/2], sum(octets(uint64(100+index/2), count)))
		}
	})
	for range held {
		e.note("a held stream", <-sent)
	}
}

func (e *end) ping() {
	var group sync.WaitGroup
	group.Add(1)
	go func() {
		defer group.Done()
		all(10, func(index int) { e.echoed("an echo beside pings", "echo", uint64(index), 2*megabyte) })
	}()
	var slowest time.Duration
	for range make([]int, 50) {
		took, err := e.session.Ping()
		if err != nil {
			e.found.add("ping: %v", err)
		}
		if took > slowest {
			slowest = took
		}
	}
	fmt.Fprintf(os.Stderr, "the slowest of 50 pings: %v\n", slowest)
	if slowest > 5*time.Second {
		e.found.add("a ping took %v", slowest)
	}
	// An answer that nobody asked for means nothing; a value comes back as it is.
	e.wire.inject(frame{kind: kindPing, flags: flagACK, length: 12345}, nil)
	for _, value := range []uint32{0xffffffff, 0x80000000, 77777} {
		e.wire.inject(frame{kind: kindPing, flags: flagSYN, length: value}, nil)
		e.wait(fmt.Sprintf("an answer to ping %d", value), 5*time.Second, func() bool {
			e.wire.books.Lock()
			defer e.wire.books.Unlock()
			return e.wire.pongs[value] == 1
		})
	}
	group.Wait()
}

func (e *end) goAway() {
	const count = 5
	open := make([]*stream, count)
	for index := range open {
		open[index] = e.opened("echo")
		io.Copy(open[index].Stream, octets(uint64(index), 1000))
		first := make([]byte, 1000)
		if _, err := io.ReadFull(open[index], first); err != nil {
			e.found.add("an echo before GoAway: %v", err)
		}
	}
	before, behind, command := e.opened("open"), e.opened("open"), e.opened("")
	hellos := make(chan string, 10)
	go e.accepted(func(stream *stream) {
		hello, err := io.ReadAll(stream)
		stream.Close()
		hellos <- fmt.Sprintf("%s %v", hello, err)
	})

	// Nobody has gone: the peer opens a stream.
	io.WriteString(before.Stream, ".")
	e.told("open before GoAway", before, "opened\n")
	before.Close()
	if hello := <-hellos; hello != "hello <nil>" {
		e.found.add("the peer's stream: %s", hello)
	}
	// We go: the peer opens none.
	e.note("goaway", e.session.GoAway())
	io.WriteString(behind.Stream, ".")
	e.told("open behind our GoAway", behind, "refused\n")
	behind.Close()
	// The peer goes: we open none.
	command.tell("goaway")
	command.Close()
	e.told("goaway", command, "gone\n")
	if _, err := e.session.OpenStream(); err != yamux.ErrRemoteGoAway {
		e.found.add("a stream behind the peer's GoAway: %v", err)
	}
	e.refused()
	// What is open goes on.
	all(count, func(index int) {
		go open[index].say(octets(uint64(100+index), megabyte))
		e.expect("an echo behind GoAway", open[index], sum(octets(uint64(100+index), megabyte)))
	})
}

// refused opens a stream all the same, as one does that has not yet heard of the peer's GoAway.
func (e *end) refused() {
	id := uint32(1_001) // not so far from the last one that it looks like a flood
	if *listens {
		id++
	}
	syn := frame{kind: kindData, flags: flagSYN | flagFIN, stream: id, length: 5}
	e.wire.inject(syn, []byte(strings.Repeat("x", 5)))
	e.wait("RST for a stream behind the peer's GoAway", 5*time.Second, func() bool {
		e.wire.books.Lock()
		defer e.wire.books.Unlock()
		return e.wire.resets[id]
	})
}
