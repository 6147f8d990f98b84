#pragma once
// What is left to do when ROOT, its compiler or the code of a user crashes: one line, no unfinished file, an exit code,
// in place of ROOT's stack trace, which takes up to a minute. No physics here.

#include <TTree.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <csignal>
#include <cstring>
#include <string>
#include <vector>

#include <pthread.h>
#include <unistd.h>

namespace rdfp::runtime {

// While an object of this class exists, a signal of a crash ends the process cleanly; the last object made counts. A
// handler of a crash can trust neither heap nor locks: everything that it needs is prepared in the constructor.
class CrashGuard {
public:
  // `terminal`: file descriptor for the line; `line`: what it says, the name of the signal is put behind it;
  // `stated`: what it says, if not empty, where a compiler's error stands in what was written to descriptor 2 since it
  // is captured; `unfinished`: a file to remove, or empty; `code`: the exit code.
  CrashGuard(int terminal, const std::string &line, const std::string &stated, const std::string &unfinished, int code)
      : fState{terminal, code, line, stated, unfinished, nullptr, {}}, fBefore(top()) {
    static std::array<char, kStack> stack; // a stack of its own: recursion without end has none left
    stack_t used{};
    sigaltstack(nullptr, &used);
    if (used.ss_flags & SS_DISABLE) {
      used.ss_sp = stack.data();
      used.ss_size = stack.size();
      used.ss_flags = 0;
      sigaltstack(&used, nullptr);
    }
    struct sigaction action{};
    action.sa_handler = end;
    action.sa_flags = SA_ONSTACK | SA_NODEFER;
    for (std::size_t i = 0; i < kSignals.size(); ++i) sigaction(kSignals[i].number, &action, &fHandlers[i]);
    top() = this;
  }
  ~CrashGuard() { release(); }
  CrashGuard(const CrashGuard &) = delete;
  CrashGuard &operator=(const CrashGuard &) = delete;

  // From now on the line ends with the name of the file that the tree or chain is reading.
  void reads(TTree &tree, const std::vector<std::string> &files) {
    fState.files = files;
    fState.tree = &tree;
  }

  void release() {
    if (top() != this) return; // released before
    top() = fBefore;
    for (std::size_t i = 0; i < kSignals.size(); ++i) sigaction(kSignals[i].number, &fHandlers[i], nullptr);
  }

private:
  struct Signal {
    int number;
    const char *name;
  };
  struct State {
    int terminal, code;
    std::string line, stated, unfinished;
    TTree *tree;
    std::vector<std::string> files;
  };
  static constexpr std::size_t kStack = 1 << 16;
  static constexpr std::array<Signal, 5> kSignals{{{SIGSEGV, " (SIGSEGV)"},
                                                   {SIGBUS, " (SIGBUS)"},
                                                   {SIGABRT, " (SIGABRT)"},
                                                   {SIGILL, " (SIGILL)"},
                                                   {SIGFPE, " (SIGFPE: an integer divided by 0)"}}};

  static CrashGuard *&top() {
    static CrashGuard *instance = nullptr;
    return instance;
  }
  static void put(const State &state, const char *text, std::size_t size) {
    [[maybe_unused]] const auto written = ::write(state.terminal, text, size);
  }
  static void put(const State &state, const char *text) { put(state, text, std::strlen(text)); }

  // The first error of the compiler among what descriptor 2 has captured, up to the end of its line.
  static bool put_stated(const State &state) {
    static std::array<char, kStack> text;
    const auto size = ::pread(2, text.data(), text.size(), 0); // fails on a terminal
    if (state.stated.empty() || size <= 0) return false;
    constexpr char mark[] = "error: ";
    const char *stop = text.data() + size;
    const auto *begin = static_cast<const char *>(::memmem(text.data(), size, mark, sizeof mark - 1));
    if (!begin) return false;
    begin += sizeof mark - 1;
    put(state, state.stated.data(), state.stated.size());
    put(state, begin, std::find(begin, stop, '\n') - begin);
    return true;
  }
  static void put_file(const State &state) {
    if (!state.tree || state.files.empty()) return;
    const std::size_t number = std::max(0, state.tree->GetTreeNumber());
    put(state, " while it read ");
    put(state, state.files[std::min(number, state.files.size() - 1)].c_str());
  }
  static void end(int signal) {
    static std::atomic<bool> ending{false};
    static pthread_t by;
    const CrashGuard *guard = top();
    if (!guard || ending.exchange(true)) {
      if (!guard || pthread_equal(by, pthread_self())) ::_exit(1); // this handler crashed
      for (;;) ::pause();                                          // another thread is about to end the process
    }
    by = pthread_self();
    const State &state = guard->fState;
    if (!state.unfinished.empty()) ::unlink(state.unfinished.c_str());
    if (!put_stated(state)) {
      put(state, state.line.data(), state.line.size());
      put_file(state);
      for (const Signal &known : kSignals)
        if (known.number == signal) put(state, known.name);
    }
    put(state, "\n");
    ::_exit(state.code);
  }

  State fState;
  CrashGuard *fBefore;
  std::array<struct sigaction, kSignals.size()> fHandlers{};
};

} // namespace rdfp::runtime
