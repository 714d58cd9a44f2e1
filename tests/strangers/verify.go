// Verify checks a log of golmok with code that is not golmok's: Go's
// golang.org/x/mod/sumdb/tlog and note.  It reads the format golmok-log/1 from
// standard input, believes nothing in it but the keys, and prints
//
//	ok N heads, N inclusion proofs, N consistency proofs
//
// or one line that begins with FAIL, with exit status 1.
//
// # The format golmok-log/1
//
// Lines of ASCII, each ended by a newline, words apart by one space.  HEX is
// lower case, BASE64 that of RFC 4648 §4 with padding, numbers are decimal
// without leading zeros.
//
//	golmok-log/1              the first line
//	vkey NAME+ID+KEY          begins a log: its C2SP verifier key; the name
//	                          is the origin that its heads must have
//	leaf HEX                  the next entry of the log, as its bytes;
//	                          `leaf` alone is an empty one
//	head BASE64               a signed head: a C2SP checkpoint note, of at
//	                          most as many leaves as were given before
//	inclusion INDEX SIZE BASE64...
//	                          the proof that leaf INDEX is in the head of
//	                          SIZE leaves, given before; hashes in the order
//	                          of RFC 6962
//	consistency OLD SIZE BASE64...
//	                          the proof that the head of SIZE leaves begins
//	                          with that of OLD leaves, both given before
//	end                       the last line
//
// Any number of logs may follow each other, each with a vkey line.  The last
// leaf of each must be under one of its heads, or it would be unproven.
package main

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// A log as far as it was read.
type log struct {
	origin    string
	verifiers note.Verifiers
	size      int64               // leaves
	stored    hashes              // all tree nodes, in tlog's order
	heads     map[int64]tlog.Hash // roots by size, signed and recomputed
	covered   int64               // the largest of them
}

type hashes []tlog.Hash

type totals struct{ heads, inclusions, consistencies int }

func main() {
	sum, err := verify(bufio.NewReaderSize(os.Stdin, 1<<20))
	if err != nil {
		fmt.Println("FAIL", strings.ReplaceAll(err.Error(), "\n", " "))
		os.Exit(1)
	}
	fmt.Printf("ok %d heads, %d inclusion proofs, %d consistency proofs\n",
		sum.heads, sum.inclusions, sum.consistencies)
}

func verify(in *bufio.Reader) (totals, error) {
	var sum totals
	var l *log

	for n := 1; ; n++ {
		words, err := readWords(in)
		if err == nil {
			switch {
			case n == 1:
				err = expect(words, "golmok-log/1")
			case words[0] == "end":
				if err = finish(l, words, in); err == nil {
					return sum, nil
				}
			case words[0] == "vkey":
				if err = l.check(); err == nil {
					l, err = newLog(words[1:])
				}
			case l == nil:
				err = errors.New("there is no vkey line before")
			default:
				err = l.line(words, &sum)
			}
		}
		if err != nil {
			return sum, fmt.Errorf("line %d: %w", n, err)
		}
	}
}

func readWords(in *bufio.Reader) ([]string, error) {
	line, err := in.ReadString('\n')
	if err == io.EOF {
		return nil, errors.New("the text ends before its end line")
	}
	if err != nil {
		return nil, err
	}
	return strings.Split(strings.TrimSuffix(line, "\n"), " "), nil
}

func expect(words []string, want string) error {
	if len(words) != 1 || words[0] != want {
		return fmt.Errorf("this is not %q", want)
	}
	return nil
}

func finish(l *log, words []string, in *bufio.Reader) error {
	if err := expect(words, "end"); err != nil {
		return err
	}
	if l == nil {
		return errors.New("there is no log")
	}
	if err := l.check(); err != nil {
		return err
	}
	if _, err := in.ReadByte(); err != io.EOF {
		return errors.New("there is more after the end")
	}
	return nil
}

func newLog(words []string) (*log, error) {
	if len(words) != 1 {
		return nil, errors.New("vkey takes one word")
	}
	v, err := note.NewVerifier(words[0])
	if err != nil {
		return nil, err
	}
	// NewVerifier reads hexadecimal and base64 of any shape.
	parts := strings.SplitN(words[0], "+", 3)
	if fmt.Sprintf("%08x", v.KeyHash()) != parts[1] {
		return nil, errors.New("the key id is not in lower case")
	}
	if _, err := unbase64(parts[2]); err != nil {
		return nil, err
	}
	return &log{
		origin:    v.Name(),
		verifiers: note.VerifierList(v),
		heads:     map[int64]tlog.Hash{},
	}, nil
}

// check is called when all of a log was read; l may be nil.
func (l *log) check() error {
	if l == nil {
		return nil
	}
	if len(l.heads) == 0 || l.covered != l.size {
		return fmt.Errorf("no head of %s covers all its %d leaves",
			l.origin, l.size)
	}
	return nil
}

func (l *log) line(words []string, sum *totals) error {
	switch words[0] {
	case "leaf":
		return l.leaf(words[1:])
	case "head":
		sum.heads++
		return l.head(words[1:])
	case "inclusion":
		sum.inclusions++
		return l.inclusion(words[1:])
	case "consistency":
		sum.consistencies++
		return l.consistency(words[1:])
	}
	return errors.New("a line of an unknown kind")
}

func (l *log) leaf(words []string) error {
	var entry []byte

	if len(words) > 1 {
		return errors.New("leaf takes one word")
	}
	if len(words) == 1 {
		var err error
		if entry, err = hex.DecodeString(words[0]); err != nil {
			return err
		}
		if len(entry) == 0 || hex.EncodeToString(entry) != words[0] {
			return errors.New("the leaf is not in lower-case hex")
		}
	}
	nodes, err := tlog.StoredHashes(l.size, entry, &l.stored)
	if err != nil {
		return err
	}
	l.stored = append(l.stored, nodes...)
	l.size++
	return nil
}

func (l *log) head(words []string) error {
	if len(words) != 1 {
		return errors.New("head takes one word")
	}
	text, err := unbase64(words[0])
	if err != nil {
		return err
	}
	opened, err := note.Open(text, l.verifiers)
	if err != nil {
		return err
	}
	// tlog.ParseTree knows the origin of the Go checksum database only.
	lines := strings.Split(opened.Text, "\n")
	if len(lines) != 4 || lines[0] != l.origin || lines[3] != "" {
		return errors.New("the head is not three lines of this log")
	}
	size, err := number(lines[1])
	if err != nil {
		return err
	}
	root, err := hash(lines[2])
	if err != nil {
		return err
	}
	if size > l.size {
		return fmt.Errorf("the head covers %d leaves, given are %d",
			size, l.size)
	}
	want, err := l.root(size)
	if err != nil {
		return err
	}
	if root != want {
		return fmt.Errorf("the leaves do not have the root of head %d",
			size)
	}
	l.heads[size] = root
	if size > l.covered {
		l.covered = size
	}
	return nil
}

// root is tlog.TreeHash but for the empty tree, of which that makes zeros.
func (l *log) root(size int64) (tlog.Hash, error) {
	if size == 0 {
		return sha256.Sum256(nil), nil
	}
	return tlog.TreeHash(size, &l.stored)
}

func (l *log) inclusion(words []string) error {
	index, size, proof, err := l.proof(words)
	if err != nil {
		return err
	}
	if index >= size {
		return errors.New("the leaf lies beyond the head")
	}
	leaf := l.stored[tlog.StoredHashIndex(0, index)]
	return tlog.CheckRecord(proof, size, l.heads[size], index, leaf)
}

func (l *log) consistency(words []string) error {
	old, size, proof, err := l.proof(words)
	if err != nil {
		return err
	}
	oldRoot, ok := l.heads[old]
	if !ok {
		return fmt.Errorf("no head of %d leaves was given", old)
	}
	if old > size {
		return errors.New("the old head is the larger one")
	}
	// tlog wants old trees with leaves; nothing is a beginning of all.
	if old == 0 {
		if len(proof) > 0 {
			return errors.New("a proof where none is needed")
		}
		return nil
	}
	return tlog.CheckTree(proof, size, l.heads[size], old, oldRoot)
}

// proof reads what both kinds of proofs have: two numbers, the second the size
// of a head, and hashes.
func (l *log) proof(words []string) (int64, int64, []tlog.Hash, error) {
	var list []tlog.Hash

	if len(words) < 2 {
		return 0, 0, nil, errors.New("a proof takes two numbers")
	}
	at, err := number(words[0])
	if err != nil {
		return 0, 0, nil, err
	}
	size, err := number(words[1])
	if err != nil {
		return 0, 0, nil, err
	}
	if _, ok := l.heads[size]; !ok {
		return 0, 0, nil, fmt.Errorf("no head of %d leaves was given",
			size)
	}
	for _, word := range words[2:] {
		h, err := hash(word)
		if err != nil {
			return 0, 0, nil, err
		}
		list = append(list, h)
	}
	return at, size, list, nil
}

// ReadHashes makes the tree nodes so far a tlog.HashReader.
func (h *hashes) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	list := make([]tlog.Hash, len(indexes))
	for i, index := range indexes {
		if index < 0 || index >= int64(len(*h)) {
			return nil, errors.New("a tree node is missing")
		}
		list[i] = (*h)[index]
	}
	return list, nil
}

func number(word string) (int64, error) {
	n, err := strconv.ParseInt(word, 10, 64)
	if err != nil || n < 0 || strconv.FormatInt(n, 10) != word {
		return 0, fmt.Errorf("%q is not a number", word)
	}
	return n, nil
}

func hash(word string) (tlog.Hash, error) {
	var h tlog.Hash

	b, err := unbase64(word)
	if err == nil && len(b) != len(h) {
		err = errors.New("a hash that is not 32 bytes")
	}
	if err != nil {
		return h, err
	}
	copy(h[:], b)
	return h, nil
}

// unbase64 refuses what the encoder would not have written: Go's decoder skips
// line ends and, if not strict, ignores unused bits.
func unbase64(word string) ([]byte, error) {
	b, err := base64.StdEncoding.Strict().DecodeString(word)
	if err != nil {
		return nil, err
	}
	again := []byte(base64.StdEncoding.EncodeToString(b))
	if !bytes.Equal(again, []byte(word)) {
		return nil, errors.New("base64 in another form")
	}
	return b, nil
}
