// Macros that system headers and old code leave behind. The headers that gmm.hpp itself includes come first: they
// need not survive these macros.
#ifndef HOSTILE_HPP
#define HOSTILE_HPP

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <functional>
#include <initializer_list>
#include <iterator>
#include <limits>
#include <map>
#include <memory>
#include <new>
#include <optional>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

// <windows.h>
#define min(a, b) (((a) < (b)) ? (a) : (b))
#define max(a, b) (((a) > (b)) ? (a) : (b))
#define small char
#define near
#define far
#define IN
#define OUT
#define OPTIONAL
#define interface struct
#define ERROR 0
#define VOID void
#define CONST const
#define TRUE 1
#define FALSE 0
#define DELETE 1
#define STRICT 1
#define GetObject GetObjectA
// AssertMacros.h of macOS
#define check(assertion) not_to_be_expanded(;
#define verify(assertion) not_to_be_expanded(;
#define require(assertion, label) not_to_be_expanded(;
// X11
#define None 0L
#define Bool int
#define Status int
#define Success 0
#define True 1
#define False 0
#define Always 2
// Qt
#define signals public
#define slots
#define emit
#define foreach(variable, container) for (variable : container)
// complex.h, termios.h, sys/sysmacros.h, curses.h and Arduino
#define I __extension__ 1.0iF
#define B0 0
#define major(dev) ((dev) >> 8)
#define minor(dev) ((dev) & 255)
#define timeout(delay) (delay)
#define clear() 0
#define F(string) (string)
// Letters
#define A 1
#define B 2
#define C 3
#define D 4
#define E 5
#define G 6
#define H 7
#define K 8
#define M 9
#define N 10
#define P 11
#define Q 12
#define R 13
#define S 14
#define T 15
#define U 16
#define V 17
#define X 18
#define Y 19
#define Z 20

#endif
