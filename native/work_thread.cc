// Work thread: see work_thread.h.
#include "work_thread.h"

#include <algorithm>
#include <csignal>

namespace gnnsched {

bool WorkThread::start() {
  pthread_attr_t attributes;
  if (pthread_attr_init(&attributes) != 0) return false;
  pthread_attr_setstacksize(&attributes, kStackBytes);
  // signals belong to Node's threads
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  started_ = pthread_create(&thread_, &attributes, &WorkThread::main, this) == 0;
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  pthread_attr_destroy(&attributes);
  return started_;
}

void WorkThread::push(std::shared_ptr<Job> job) {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    const auto behind = std::find_if(queue_.begin(), queue_.end(), [&](const auto& other) {
      return other->priority < job->priority;
    });
    queue_.insert(behind, std::move(job));
  }
  wake_.notify_one();
}

size_t WorkThread::load() {
  const std::lock_guard<std::mutex> lock(mutex_);
  return queue_.size() + (busy_ ? 1 : 0);
}

void WorkThread::stop() {
  if (!started_) return;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    stopping_ = true;
    queue_.clear();
  }
  wake_.notify_one();
  pthread_join(thread_, nullptr);
  started_ = false;
}

void* WorkThread::main(void* self) {
  static_cast<WorkThread*>(self)->loop();
  return nullptr;
}

void WorkThread::loop() {
  std::unique_lock<std::mutex> lock(mutex_);
  for (;;) {
    wake_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
    if (stopping_) return;
    std::shared_ptr<Job> job = std::move(queue_.front());
    queue_.pop_front();
    busy_ = true;
    lock.unlock();
    job->run();
    job.reset();
    lock.lock();
    busy_ = false;
  }
}

}  // namespace gnnsched
