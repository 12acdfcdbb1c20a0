package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/hashicorp/yamux"
)

// The scenario `answer`. The first line of each stream says what is wanted:
//
//	echo             all octets that follow come back, then the end
//	answer N SEED    once the opener has ended, which it does at once: N octets of the seed, then the end
//	early KEY N SEED at once N octets of the seed, and the end; what the opener still says is tallied
//	told KEY         what that tally was: "COUNT SHA256\n", then the end; waits for it
//	reset N          N octets more are read, then the stream is killed
//	hold             nothing more is read until a stream with `release` comes; then as echo
//	release          answers "ok\n" and the end
//	open             waits for the next octet, then tries to open a stream: answers "opened\n" when
//	                 that works, and says "hello" and the end on it; else "refused\n"; then the end
//	goaway           says GoAway (normal), then answers "gone\n" and the end
//
// Seeds are decimal; their octets are those of `noise` in streams.go.
type answers struct {
	lock     sync.Mutex
	tallies  map[string]chan string
	released chan struct{}
}

func (a *answers) tally(key string) chan string {
	a.lock.Lock()
	defer a.lock.Unlock()
	if a.tallies == nil {
		a.tallies = map[string]chan string{}
	}
	if a.tallies[key] == nil {
		a.tallies[key] = make(chan string, 1)
	}
	return a.tallies[key]
}

// release lets all held streams go on, those held until now and until the next release.
func (a *answers) hold() chan struct{} {
	a.lock.Lock()
	defer a.lock.Unlock()
	if a.released == nil {
		a.released = make(chan struct{})
	}
	return a.released
}

func (a *answers) release() {
	close(a.hold())
	a.lock.Lock()
	defer a.lock.Unlock()
	a.released = nil
}

func (e *end) echo() {
	count := e.accepted(func(stream *stream) { e.note("echo", e.sendBack(stream)) })
	fmt.Fprintf(os.Stderr, "%d streams echoed\n", count)
	if count == 0 {
		e.found.add("no stream came")
	}
}

func (e *end) sendBack(stream *stream) error {
	if _, err := io.Copy(stream.Stream, onlyReader{stream}); err != nil {
		return err
	}
	return stream.Close()
}

// note keeps an error that is no kill.
func (e *end) note(what string, err error) {
	if err != nil && err != yamux.ErrConnectionReset {
		e.found.add("%s: %v", what, err)
	}
}

func (e *end) answer() {
	count := e.accepted(func(stream *stream) {
		line, err := stream.line()
		if err == nil {
			err = e.obey(line, stream)
		}
		e.note(fmt.Sprintf("%q", line), err)
	})
	fmt.Fprintf(os.Stderr, "%d streams answered\n", count)
	if count == 0 {
		e.found.add("no stream came")
	}
}

func (e *end) obey(line string, stream *stream) error {
	var key string
	var count int64
	var seed uint64
	command := strings.Fields(line + " ")
	if len(command) == 0 {
		return fmt.Errorf("no command")
	}
	switch command[0] {
	case "echo":
		return e.sendBack(stream)
	case "answer":
		if _, err := fmt.Sscanf(line, "answer %d %d", &count, &seed); err != nil {
			return err
		}
		if extra, err := io.Copy(io.Discard, onlyReader{stream}); err != nil || extra != 0 {
			return fmt.Errorf("%d octets and %v behind the command", extra, err)
		}
		return stream.say(octets(seed, count))
	case "early":
		if _, err := fmt.Sscanf(line, "early %s %d %d", &key, &count, &seed); err != nil {
			return err
		}
		if err := stream.say(octets(seed, count)); err != nil {
			return err
		}
		var tally tally
		_, err := io.Copy(&tally, onlyReader{stream})
		e.notes.tally(key) <- tally.String()
		return err
	case "told":
		if _, err := fmt.Sscanf(line, "told %s", &key); err != nil {
			return err
		}
		return stream.say(strings.NewReader(<-e.notes.tally(key) + "\n"))
	case "reset":
		if _, err := fmt.Sscanf(line, "reset %d", &count); err != nil {
			return err
		}
		if _, err := io.CopyN(io.Discard, stream, count); err != nil {
			return err
		}
		return e.wire.reset(stream.StreamID())
	case "hold":
		<-e.notes.hold()
		return e.sendBack(stream)
	case "release":
		e.notes.release()
		return stream.say(strings.NewReader("ok\n"))
	case "open":
		return e.tryToOpen(stream)
	case "goaway":
		if err := e.session.GoAway(); err != nil {
			return err
		}
		return stream.say(strings.NewReader("gone\n"))
	}
	return fmt.Errorf("an unknown command")
}

// say sends all octets, and the end.
func (s *stream) say(all io.Reader) error {
	if _, err := io.Copy(s.Stream, all); err != nil {
		return err
	}
	return s.Close()
}

func (e *end) tryToOpen(asked *stream) error {
	if _, err := io.ReadFull(asked, make([]byte, 1)); err != nil {
		return err
	}
	opened, err := e.session.OpenStream()
	if err == yamux.ErrRemoteGoAway {
		return asked.say(strings.NewReader("refused\n"))
	} else if err != nil {
		return err
	}
	if err := (&stream{Stream: opened, wire: e.wire}).say(strings.NewReader("hello")); err != nil {
		return err
	}
	if err := asked.say(strings.NewReader("opened\n")); err != nil {
		return err
	}
	opened.SetReadDeadline(time.Now().Add(10 * time.Second))
	_, err = io.Copy(io.Discard, onlyReader{&stream{Stream: opened, wire: e.wire}})
	return err
}

// onlyReader hides what else io.Copy would find.
type onlyReader struct{ io.Reader }
