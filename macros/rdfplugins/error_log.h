#pragma once
// ROOT's error messages as data in place of text on the terminal: ROOT goes on after what it cannot read or write. The
// only global state is what error handlers cannot do without.

#include <TError.h>
#include <TTree.h>

#include <mutex>
#include <string>
#include <vector>

namespace rdfp::runtime {

// Collects ROOT's messages from kError upwards (ROOT goes on after a basket that cannot be read or written) while it
// exists; warnings and below go where they went before.
class ErrorLog {
public:
  ErrorLog() : fPrevious(SetErrorHandler(handle)) {
    const std::lock_guard<std::mutex> guard(mutex());
    lines().clear();
    watched() = {nullptr, -1};
  }
  ~ErrorLog() { release(); }
  ErrorLog(const ErrorLog &) = delete;
  ErrorLog &operator=(const ErrorLog &) = delete;

  void release() {
    if (fPrevious) SetErrorHandler(fPrevious);
    fPrevious = nullptr;
  }
  static std::vector<std::string> messages() {
    const std::lock_guard<std::mutex> guard(mutex());
    return lines();
  }
  // Note which tree of a chain is read at the first error.
  static void watch(TTree &chain) {
    const std::lock_guard<std::mutex> guard(mutex());
    watched() = {&chain, -1};
  }
  // That of the first error; without one, the present one.
  static int tree_number() {
    const std::lock_guard<std::mutex> guard(mutex());
    const auto &[chain, number] = watched();
    return number >= 0 || !chain ? number : chain->GetTreeNumber();
  }

private:
  static constexpr std::size_t kMost = 20;
  struct Watched {
    TTree *chain;
    int number;
  };
  static Watched &watched() {
    static Watched instance{nullptr, -1};
    return instance;
  }
  static std::mutex &mutex() {
    static std::mutex instance;
    return instance;
  }
  static std::vector<std::string> &lines() {
    static std::vector<std::string> *instance = new std::vector<std::string>; // never destroyed: used at exit, too
    return *instance;
  }
  static void handle(int level, Bool_t abort, const char *location, const char *message) {
    if (level < kError) return DefaultErrorHandler(level, abort, location, message);
    const std::lock_guard<std::mutex> guard(mutex());
    if (auto &[chain, number] = watched(); chain && number < 0) number = chain->GetTreeNumber();
    if (lines().size() < kMost) lines().push_back(std::string(location ? location : "") + ": " + message);
  }
  ErrorHandlerFunc_t fPrevious;
};

} // namespace rdfp::runtime
