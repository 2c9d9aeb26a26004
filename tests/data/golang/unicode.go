// Writes what buildx_tasks/golang/regex/unicode.json holds to standard output: go run tests/data/golang/unicode.go
package main

import (
	"encoding/json"
	"os"
	"runtime"
	"strconv"
	"strings"
	"unicode"
)

// A table as text: first-last pairs in base 36, each number the distance to the one before it.
func text(table *unicode.RangeTable) string {
	var pairs [][2]rune
	add := func(low, high rune) {
		if n := len(pairs); n > 0 && pairs[n-1][1]+1 == low {
			pairs[n-1][1] = high
			return
		}
		pairs = append(pairs, [2]rune{low, high})
	}
	each := func(low, high, stride rune) {
		if stride == 1 {
			add(low, high)
			return
		}
		for c := low; c <= high; c += stride {
			add(c, c)
		}
	}
	for _, r := range table.R16 {
		each(rune(r.Lo), rune(r.Hi), rune(r.Stride))
	}
	for _, r := range table.R32 {
		each(rune(r.Lo), rune(r.Hi), rune(r.Stride))
	}
	var words []string
	last := rune(0)
	for _, pair := range pairs {
		word := strconv.FormatInt(int64(pair[0]-last), 36)
		if pair[1] != pair[0] {
			word += "-" + strconv.FormatInt(int64(pair[1]-pair[0]), 36)
		}
		words = append(words, word)
		last = pair[1]
	}
	return strings.Join(words, " ")
}

func main() {
	tables := func(named map[string]*unicode.RangeTable, keep func(string) bool) map[string]string {
		found := map[string]string{}
		for name, table := range named {
			if keep(name) {
				found[name] = text(table)
			}
		}
		return found
	}
	var orbits []string
	for c := rune(0); c <= unicode.MaxRune; c++ {
		smallest := c
		var orbit []string
		last := c
		for f := unicode.SimpleFold(c); f != c; f = unicode.SimpleFold(f) {
			smallest = min(smallest, f)
			orbit = append(orbit, strconv.FormatInt(int64(f-last), 36))
			last = f
		}
		if smallest == c && len(orbit) > 0 {
			orbits = append(orbits, strconv.FormatInt(int64(c), 36)+":"+strings.Join(orbit, ","))
		}
	}
	out := json.NewEncoder(os.Stdout)
	out.SetIndent("", " ")
	out.SetEscapeHTML(false)
	out.Encode(map[string]any{
		"source":     "the unicode package of " + runtime.Version(),
		"unicode":    unicode.Version,
		"categories": tables(unicode.Categories, func(name string) bool { return len(name) == 2 && name != "LC" && name != "Cn" }),
		"scripts":    tables(unicode.Scripts, func(string) bool { return true }),
		"aliases":    unicode.CategoryAliases,
		"orbits":     strings.Join(orbits, " "),
	})
}
