package faultproxy

import (
	"testing"

	"hookdrill/internal/pgtest"
)

func TestMain(m *testing.M) { pgtest.Main(m) }
