// A persistent native thread with a queue: it waits on a condition variable and runs one job at a
// time, the most urgent first, equal ones in order of arrival. Lanes and the copier are such threads.
#pragma once
#include <pthread.h>

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>

namespace gnnsched {

constexpr size_t kStackBytes = size_t{1} << 20;

class Job {
 public:
  virtual ~Job() = default;
  virtual void run() = 0;
  int64_t priority = 0;
};

class WorkThread {
 public:
  WorkThread() = default;
  ~WorkThread() { stop(); }
  WorkThread(const WorkThread&) = delete;
  WorkThread& operator=(const WorkThread&) = delete;

  // False when the system gives no thread.
  bool start();
  void push(std::shared_ptr<Job> job);
  // Jobs that wait or run.
  size_t load();
  // Finishes the job that runs, drops those that wait, joins. May be called twice.
  void stop();

 private:
  static void* main(void* self);
  void loop();

  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::shared_ptr<Job>> queue_;
  bool busy_ = false;
  bool stopping_ = false;
  bool started_ = false;
  pthread_t thread_{};
};

}  // namespace gnnsched
