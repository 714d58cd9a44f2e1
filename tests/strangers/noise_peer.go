// Command noise_peer is a stranger's end of one Noise channel: an independent
// implementation that proto/noise.c is held against.
//
//	noise_peer ROLE PATTERN PROLOGUE
//
// ROLE is "initiator" or "responder", PATTERN "XX", "XXpsk0" or "XXpsk3" (the
// secret is 32 bytes of 0x70), PROLOGUE is hex.  Messages travel over stdin
// and stdout, each behind its length in two big-endian bytes.  Message N of
// the handshake carries the payload "stranger N", and the payloads that arrive
// must be "golmok N".  When the handshake is done, three lines go to stderr:
// the handshake hash, our static key, and the one that the peer showed.  Then
// each message that arrives is sent back, until stdin ends.  Keys change after
// each 1,024 messages of a direction.
package main

import (
	"bytes"
	"crypto/rand"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"io"
	"os"

	"github.com/flynn/noise"
)

const rekeyAfter = 1024

func check(err error, doing string) {
	if err != nil {
		fmt.Fprintf(os.Stderr, "noise_peer: %s: %v\n", doing, err)
		os.Exit(1)
	}
}

func readFrame() ([]byte, error) {
	var size [2]byte
	if _, err := io.ReadFull(os.Stdin, size[:]); err != nil {
		return nil, err
	}
	frame := make([]byte, binary.BigEndian.Uint16(size[:]))
	if _, err := io.ReadFull(os.Stdin, frame); err != nil {
		return nil, err
	}
	return frame, nil
}

func writeFrame(frame []byte) {
	out := make([]byte, 2, 2+len(frame))
	binary.BigEndian.PutUint16(out, uint16(len(frame)))
	_, err := os.Stdout.Write(append(out, frame...))
	check(err, "write")
}

func configure(role, pattern, prologue string) noise.Config {
	static, err := noise.DH25519.GenerateKeypair(rand.Reader)
	check(err, "keys")
	text, err := hex.DecodeString(prologue)
	check(err, "prologue")
	config := noise.Config{
		CipherSuite: noise.NewCipherSuite(noise.DH25519,
			noise.CipherChaChaPoly, noise.HashBLAKE2b),
		Pattern:       noise.HandshakeXX,
		Initiator:     role == "initiator",
		Prologue:      text,
		StaticKeypair: static,
	}
	switch pattern {
	case "XXpsk0":
		config.PresharedKey = bytes.Repeat([]byte{0x70}, 32)
	case "XXpsk3":
		config.PresharedKey = bytes.Repeat([]byte{0x70}, 32)
		config.PresharedKeyPlacement = 3
	}
	return config
}

// shake runs the handshake and returns what seals and what opens.
func shake(state *noise.HandshakeState, initiator bool) (out, in *noise.CipherState) {
	var first, second *noise.CipherState
	for number := 1; number <= 3; number++ {
		var err error
		if (number%2 == 1) == initiator {
			var message []byte
			payload := fmt.Sprintf("stranger %d", number)
			message, first, second, err = state.WriteMessage(nil, []byte(payload))
			check(err, "write message")
			writeFrame(message)
			continue
		}
		message, err := readFrame()
		check(err, "read handshake")
		var payload []byte
		payload, first, second, err = state.ReadMessage(nil, message)
		check(err, "read message")
		if string(payload) != fmt.Sprintf("golmok %d", number) {
			check(fmt.Errorf("%q", payload), "payload")
		}
	}
	if initiator {
		return first, second
	}
	return second, first
}

func main() {
	if len(os.Args) != 4 {
		check(fmt.Errorf("noise_peer ROLE PATTERN PROLOGUE"), "usage")
	}
	config := configure(os.Args[1], os.Args[2], os.Args[3])
	state, err := noise.NewHandshakeState(config)
	check(err, "start")
	out, in := shake(state, config.Initiator)
	fmt.Fprintf(os.Stderr, "%x\n%x\n%x\n", state.ChannelBinding(),
		config.StaticKeypair.Public, state.PeerStatic())

	for number := 1; ; number++ {
		sealed, err := readFrame()
		if err == io.EOF {
			return
		}
		check(err, "read")
		plain, err := in.Decrypt(nil, nil, sealed)
		check(err, "open")
		sealed, err = out.Encrypt(nil, nil, plain)
		check(err, "seal")
		writeFrame(sealed)
		if number%rekeyAfter == 0 {
			in.Rekey()
			out.Rekey()
		}
	}
}
