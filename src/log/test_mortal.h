// log/test_mortal.h — for tests: files as a process sees them that dies at a chosen call. What it has written is in the
// memory of the machine, synced or not: the next process sees all of it, and only a power cut after that may take it.
#pragma once

#include <memory>
#include <string>

#include "platform/sim.h"

namespace leat::log {

class MortalFiles final : public platform::Files {
 public:
  explicit MortalFiles(platform::SimWorld& world) : world_(world) {}

  // The process dies at its `calls`-th changing call from now, which does nothing (or, a write, a beginning of it), and
  // every later one fails, until live_again().
  void die_after(std::uint64_t calls) { left_ = calls; }
  void live_again() {
    dead_ = false;
    left_ = 0;
  }
  bool dead() const { return dead_; }

  // As SimFiles::fail_next_sync.
  void fail_next_sync(bool fails = true) { sync_fails_ = fails; }
  bool sync_failed() { return std::exchange(sync_failed_, false); }  // since this was asked last
  // Whether a folder's sync has failed since this was asked last: file systems go on after that with a new start of the
  // machine only.
  bool folder_failed() { return std::exchange(folder_failed_, false); }

  Result<std::unique_ptr<platform::File>> open(const std::string& path, platform::Open how) override {
    const bool changes = how == platform::Open::create || how == platform::Open::create_new;
    LEAT_CHECK(changes ? change() : alive());
    // A direct write may be cut short like any other, and what is left of it is no whole block.
    const auto in_world = how == platform::Open::write_direct ? platform::Open::write : how;
    LEAT_TRY(auto file, world_.files().open(path, in_world));
    return std::make_unique<Handle>(*this, std::move(file));
  }
  Result<> rename(const std::string& from, const std::string& to) override {
    LEAT_CHECK(change());
    return world_.files().rename(from, to);
  }
  Result<> remove(const std::string& path) override {
    LEAT_CHECK(change());
    return world_.files().remove(path);
  }
  Result<> make_directory(const std::string& path) override {
    LEAT_CHECK(change());
    return world_.files().make_directory(path);
  }
  Result<std::vector<std::string>> list(const std::string& path) override {
    LEAT_CHECK(alive());
    return world_.files().list(path);
  }
  Result<bool> exists(const std::string& path) override {
    LEAT_CHECK(alive());
    return world_.files().exists(path);
  }
  Result<> sync_directory(const std::string& path) override {
    LEAT_CHECK(change());
    folder_failed_ |= sync_fails_;
    pass_failure();
    return world_.files().sync_directory(path);
  }
  Result<std::unique_ptr<platform::FileSystem>> file_system(const std::string& path) override {
    LEAT_TRY(auto all, world_.files().file_system(path));
    return std::make_unique<Whole>(*this, std::move(all));
  }
  Result<std::unique_ptr<platform::Lock>> lock(const std::string& path) override { return world_.files().lock(path); }

 private:
  class Handle final : public platform::File {
   public:
    Handle(MortalFiles& all, std::unique_ptr<platform::File> file) : all_(all), file_(std::move(file)) {}
    Result<std::size_t> read_at(std::uint64_t position, char* into, std::size_t size) override {
      LEAT_CHECK(all_.alive());
      return file_->read_at(position, into, size);
    }
    Result<> write_at(std::uint64_t position, std::string_view bytes) override {
      LEAT_CHECK(all_.alive());
      if (all_.change()) return file_->write_at(position, bytes);
      (void)file_->write_at(position, bytes.substr(0, all_.world_.choose(bytes.size() + 1)));
      return all_.alive();
    }
    Result<> sync() override {
      LEAT_CHECK(all_.change());
      all_.pass_failure();
      return file_->sync();
    }
    Result<std::uint64_t> size() override {
      LEAT_CHECK(all_.alive());
      return file_->size();
    }
    Result<> truncate(std::uint64_t size) override {
      LEAT_CHECK(all_.change());
      return file_->truncate(size);
    }
    Result<> reserve(std::uint64_t position, std::uint64_t length) override {
      LEAT_CHECK(all_.change());
      return file_->reserve(position, length);
    }
    void drop_cache() override { file_->drop_cache(); }

   private:
    MortalFiles& all_;
    std::unique_ptr<platform::File> file_;
  };

  class Whole final : public platform::FileSystem {
   public:
    Whole(MortalFiles& all, std::unique_ptr<platform::FileSystem> files) : all_(all), files_(std::move(files)) {}
    Result<> sync() override {
      LEAT_CHECK(all_.change());
      all_.pass_failure();
      return files_->sync();
    }

   private:
    MortalFiles& all_;
    std::unique_ptr<platform::FileSystem> files_;
  };

  Result<> alive() const {
    if (dead_) return fail(Code::io, "the process has died");
    return {};
  }
  Result<> change() {
    LEAT_CHECK(alive());
    if (left_ > 0) dead_ = --left_ == 0;
    return alive();
  }

  void pass_failure() {
    if (!std::exchange(sync_fails_, false)) return;
    sync_failed_ = true;
    world_.files().fail_next_sync();
  }

  platform::SimWorld& world_;
  bool sync_fails_ = false, sync_failed_ = false, folder_failed_ = false;
  std::uint64_t left_ = 0;  // 0: forever
  bool dead_ = false;
};

}  // namespace leat::log
