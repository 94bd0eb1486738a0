package groupcommit

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// double answers each job with twice its number and notes the size of batches.
func double(sizes *[]int) func(int, []*Job[int, int]) {
	var mu sync.Mutex
	return func(_ int, batch []*Job[int, int]) {
		time.Sleep(10300 * time.Microsecond) //nolint:forbidigo // a commit takes time; the clock is synctest's
		mu.Lock()
		defer mu.Unlock()
		*sizes = append(*sizes, len(batch))
		for _, j := range batch {
			j.Answer(2*j.In, nil)
		}
	}
}

func TestWaitingJobsShareABatch(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		cfg    Config
		jobs   int
		within time.Duration // between two jobs
		want   []int
	}{
		{"one alone", Config{Writers: 1, MaxBatch: 8}, 1, 0, []int{1}},
		{"at most MaxBatch", Config{Writers: 1, MaxBatch: 4}, 9, time.Microsecond, []int{1, 4, 4}},
		{"no group commit", Config{Writers: 1, MaxBatch: 1}, 3, time.Microsecond, []int{1, 1, 1}},
		// 1, then what came in the 10 ms after it, then what was waited for.
		{"waits for company", Config{Writers: 1, MaxBatch: 100, MaxWait: 3 * time.Millisecond}, 30, time.Millisecond, []int{1, 10, 13, 6}},
		{"does not wait", Config{Writers: 1, MaxBatch: 100}, 30, time.Millisecond, []int{1, 10, 10, 9}},
		{"nobody alone waits", Config{Writers: 1, MaxBatch: 100, MaxWait: 3 * time.Millisecond}, 3, time.Second, []int{1, 1, 1}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var sizes []int
				g := Start(tt.cfg, double(&sizes))
				var wg sync.WaitGroup
				for i := range tt.jobs {
					wg.Go(func() {
						if got, err := g.Do(t.Context(), i); got != 2*i || err != nil {
							t.Errorf("Do(%d) = %d, %v", i, got, err)
						}
					})
					time.Sleep(tt.within) //nolint:forbidigo // the clock is synctest's
				}
				wg.Wait()
				g.Close()
				if len(sizes) != len(tt.want) {
					t.Fatalf("batches of %v, want %v", sizes, tt.want)
				}
				for i := range sizes {
					if sizes[i] != tt.want[i] {
						t.Fatalf("batches of %v, want %v", sizes, tt.want)
					}
				}
			})
		})
	}
}

func TestCallerWhoLeavesIsNotKept(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		g := Start(Config{Writers: 1, MaxBatch: 2}, func(_ int, batch []*Job[int, int]) {
			<-release
			for _, j := range batch {
				j.Answer(0, j.Ctx.Err())
			}
		})
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		for range 2 { // the first is with the writer, the second in the queue
			if _, err := g.Do(ctx, 1); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("Do = %v, want deadline exceeded", err)
			}
		}
		close(release)
		g.Close()
	})
}

func TestCloseAnswersWhatWasTaken(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var sizes []int
		g := Start(Config{Writers: 2, MaxBatch: 3}, double(&sizes))
		results := make(chan error, 20)
		for i := range 20 {
			go func() {
				_, err := g.Do(t.Context(), i)
				results <- err
			}()
		}
		time.Sleep(15 * time.Millisecond) //nolint:forbidigo // the clock is synctest's
		g.Close()
		done := 0
		for range 20 {
			switch err := <-results; {
			case err == nil:
				done++
			case !errors.Is(err, ErrClosed):
				t.Errorf("Do = %v, want nil or ErrClosed", err)
			}
		}
		taken := 0
		for _, n := range sizes {
			taken += n
		}
		if done != taken || done == 0 || done == 20 {
			t.Errorf("%d answered, %d committed", done, taken)
		}
		if _, err := g.Do(t.Context(), 1); !errors.Is(err, ErrClosed) {
			t.Errorf("Do after Close = %v", err)
		}
		g.Close()
	})
}
