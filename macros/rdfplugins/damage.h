#pragma once
// Files that kill the process which opens them: a child tries first. No physics here.

#include <TBranch.h>
#include <TError.h>
#include <TFile.h>
#include <TKey.h>
#include <TLeaf.h>
#include <TTree.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <exception>
#include <memory>
#include <string>
#include <vector>

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

namespace rdfp::runtime {

// Opens files in a child process of its own, by default as rdfplugins/select/samples/inputs.py does.
class FileTrial {
public:
  using Look = void (*)(const std::string &path, const std::string &tree, const std::vector<std::string> &branches);

  // For each file the signal by which a process dies that opens it, describes its tree and reads the first entry of the
  // branches; 0 where it survives, whatever it finds, and where that cannot be told.
  static std::vector<int> signals(const std::vector<std::string> &files, const std::string &tree,
                                  const std::vector<std::string> &branches, Look look = describe) {
    std::vector<int> result(files.size(), 0);
    for (int next = 0; next < static_cast<int>(files.size());) {
      int ends[2];
      if (::pipe2(ends, O_CLOEXEC) != 0) return result;
      const pid_t child = ::fork();
      if (child == 0) run(ends[1], files, next, tree, branches, look);
      ::close(ends[1]);
      const int reached = child < 0 ? -1 : last_of(ends[0]);
      ::close(ends[0]);
      int status = 0;
      while (child > 0 && ::waitpid(child, &status, 0) < 0 && errno == EINTR) {
      }
      if (reached < 0 || WIFEXITED(status)) return result;
      result[reached] = fatal(WTERMSIG(status)) ? WTERMSIG(status) : 0;
      next = reached + 1;
    }
    return result;
  }

private:
  static constexpr rlim_t kSecondsOfCpu = 10;
  static constexpr rlim_t kBytes = rlim_t(8) << 30; // beyond what the process holds already
  static constexpr unsigned int kPatience = 120;    // seconds for a file: a slow disk is no damage, the child gives up

  // Others, of which Ctrl-C is one, say nothing of the file.
  static bool fatal(int signal) {
    return signal == SIGSEGV || signal == SIGBUS || signal == SIGABRT || signal == SIGILL || signal == SIGFPE ||
           signal == SIGXCPU;
  }
  // The last file that the child has begun; -1 if none.
  static int last_of(int end) {
    int last = -1, number = 0;
    for (;;) {
      const auto size = ::read(end, &number, sizeof number);
      if (size == sizeof number)
        last = number;
      else if (size >= 0 || errno != EINTR)
        return last;
    }
  }
  [[noreturn]] static void run(int end, const std::vector<std::string> &files, int first, const std::string &tree,
                               const std::vector<std::string> &branches, Look look) {
    for (const int number : {SIGSEGV, SIGBUS, SIGABRT, SIGILL, SIGFPE, SIGXCPU, SIGALRM, SIGINT, SIGTERM}) {
      std::signal(number, SIG_DFL);
    }
    const int nowhere = ::open("/dev/null", O_RDWR);
    for (const int descriptor : {0, 1, 2}) ::dup2(nowhere, descriptor);
    limit(RLIMIT_CORE, 0);
    limit(RLIMIT_AS, held() + kBytes);
    SetErrorHandler([](int, Bool_t, const char *, const char *) {});
    for (int number = first; number < static_cast<int>(files.size()); ++number) {
      if (::write(end, &number, sizeof number) != sizeof number) break;
      ::alarm(kPatience);
      rusage used{};
      ::getrusage(RUSAGE_SELF, &used);
      limit(RLIMIT_CPU, used.ru_utime.tv_sec + used.ru_stime.tv_sec + 1 + kSecondsOfCpu);
      try {
        look(files[number], tree, branches);
      } catch (const std::exception &) { // the caller meets it, too, and survives
      }
    }
    ::_exit(0);
  }
  static void limit(int what, rlim_t value) {
    rlimit both{};
    ::getrlimit(what, &both);
    both.rlim_cur = std::min(value, both.rlim_max);
    ::setrlimit(what, &both);
  }
  // Bytes of address space in use.
  static rlim_t held() {
    long pages = 0;
    if (std::FILE *file = std::fopen("/proc/self/statm", "r")) {
      if (std::fscanf(file, "%ld", &pages) != 1) pages = 0;
      std::fclose(file);
    }
    return rlim_t(pages) * ::sysconf(_SC_PAGESIZE);
  }
  static void describe(const std::string &path, const std::string &name, const std::vector<std::string> &branches) {
    const std::unique_ptr<TFile> file(TFile::Open(path.c_str(), "READ"));
    if (!file || file->IsZombie()) return;
    delete file->Get("provenance");
    auto *tree = file->Get<TTree>(name.c_str());
    if (!tree) return;
    for (TObject *object : *tree->GetListOfBranches()) {
      const auto *branch = static_cast<TBranch *>(object);
      branch->GetClassName();
      for (TObject *leaf : *const_cast<TBranch *>(branch)->GetListOfLeaves()) static_cast<TLeaf *>(leaf)->GetTypeName();
    }
    for (const std::string &wanted : branches)
      if (TBranch *branch = tree->GetBranch(wanted.c_str()); branch && tree->GetEntries() > 0) branch->GetEntry(0);
  }
};

} // namespace rdfp::runtime
