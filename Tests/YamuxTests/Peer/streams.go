package main

import (
	"crypto/sha256"
	"fmt"
	"hash"
	"io"
	"time"

	"github.com/hashicorp/yamux"
)

// stream is one of the library's, with a Read that knows of half-closed streams.
type stream struct {
	*yamux.Stream
	wire *wire
}

// Read waits for octets or for the peer's end.
//
// Debian's version says EOF for every empty buffer once this side has closed, so half of what half
// closing is for is missing. The wire knows better.
func (s *stream) Read(p []byte) (int, error) {
	for {
		isLast := s.wire.hasEnded(s.StreamID()) || s.Session().IsClosed()
		count, err := s.Stream.Read(p)
		if count > 0 || err != io.EOF || isLast {
			return count, err
		}
		time.Sleep(time.Millisecond)
	}
}

// line reads up to a line feed, and no octet more.
func (s *stream) line() (string, error) {
	var line []byte
	for octet := make([]byte, 1); ; {
		if _, err := io.ReadFull(s, octet); err != nil {
			return string(line), err
		}
		if octet[0] == '\n' {
			return string(line), nil
		}
		if line = append(line, octet[0]); len(line) > 100 {
			return "", fmt.Errorf("no command: %q", line)
		}
	}
}

// noise makes octets from a seed: the words of SplitMix64, each with its lowest octet first.
type noise struct {
	state uint64
	word  uint64
	left  int
}

func (n *noise) next() uint64 {
	n.state += 0x9e3779b97f4a7c15
	z := n.state
	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb
	return z ^ (z >> 31)
}

func (n *noise) Read(p []byte) (int, error) {
	for index := range p {
		if n.left == 0 {
			n.word, n.left = n.next(), 8
		}
		p[index] = byte(n.word)
		n.word >>= 8
		n.left--
	}
	return len(p), nil
}

// octets are as many of a seed's octets as wanted.
func octets(seed uint64, count int64) io.Reader {
	return io.LimitReader(&noise{state: seed}, count)
}

// tally counts octets and sums them up.
type tally struct {
	count int64
	hash  hash.Hash
}

func (t *tally) Write(p []byte) (int, error) {
	if t.hash == nil {
		t.hash = sha256.New()
	}
	t.count += int64(len(p))
	return t.hash.Write(p)
}

func (t *tally) String() string {
	t.Write(nil)
	return fmt.Sprintf("%d %x", t.count, t.hash.Sum(nil))
}

// sum is what a tally of all those octets says.
func sum(all io.Reader) string {
	var tally tally
	io.Copy(&tally, all)
	return tally.String()
}
