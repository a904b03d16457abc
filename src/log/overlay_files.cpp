#include "log/overlay_files.h"

#include <algorithm>
#include <cstring>

namespace leat::log {
namespace {

constexpr std::uint64_t page_bytes = 4096;

}  // namespace

// What the disk holds, under pages that were written since.
struct OverlayFiles::Content {
  std::unique_ptr<platform::File> base;  // none: the disk has no such file
  std::uint64_t base_bytes = 0;          // of it, what no truncation has taken
  std::uint64_t size = 0;
  std::map<std::uint64_t, std::string> pages;
  std::mutex mutex;

  Result<std::string> page(std::uint64_t number) const {
    if (const auto known = pages.find(number); known != pages.end()) return known->second;
    std::string bytes(page_bytes, '\0');
    const std::uint64_t begin = number * page_bytes;
    if (begin < base_bytes) {
      LEAT_TRY(const std::size_t read,
               base->read_at(begin, bytes.data(), std::min<std::uint64_t>(page_bytes, base_bytes - begin)));
      static_cast<void>(read);
    }
    return bytes;
  }
  Result<> cut_page(std::uint64_t at) {
    if (at % page_bytes == 0) return {};
    LEAT_TRY(std::string bytes, page(at / page_bytes));
    std::fill(bytes.begin() + static_cast<std::ptrdiff_t>(at % page_bytes), bytes.end(), '\0');
    pages[at / page_bytes] = std::move(bytes);
    return {};
  }
};

class OverlayFiles::Handle final : public platform::File {
 public:
  explicit Handle(std::shared_ptr<Content> content) : content_(std::move(content)) {}

  Result<std::size_t> read_at(std::uint64_t position, char* into, std::size_t size) override {
    const std::lock_guard lock(content_->mutex);
    const std::uint64_t end = std::min<std::uint64_t>(content_->size, position + size);
    for (std::uint64_t at = position; at < end;) {
      LEAT_TRY(const std::string page, content_->page(at / page_bytes));
      const std::uint64_t length = std::min(end - at, page_bytes - at % page_bytes);
      std::memcpy(into + (at - position), page.data() + at % page_bytes, length);
      at += length;
    }
    return end > position ? end - position : 0;
  }
  Result<> write_at(std::uint64_t position, std::string_view bytes) override {
    const std::lock_guard lock(content_->mutex);
    const std::uint64_t end = position + bytes.size();
    for (std::uint64_t at = position; at < end;) {
      LEAT_TRY(std::string page, content_->page(at / page_bytes));
      const std::uint64_t length = std::min(end - at, page_bytes - at % page_bytes);
      std::memcpy(page.data() + at % page_bytes, bytes.data() + (at - position), length);
      content_->pages[at / page_bytes] = std::move(page);
      at += length;
    }
    content_->size = std::max(content_->size, end);
    return {};
  }
  Result<> truncate(std::uint64_t size) override {
    const std::lock_guard lock(content_->mutex);
    if (size < content_->size) {
      LEAT_CHECK(content_->cut_page(size));
      content_->pages.erase(content_->pages.lower_bound((size + page_bytes - 1) / page_bytes), content_->pages.end());
      content_->base_bytes = std::min(content_->base_bytes, size);
    }
    content_->size = size;
    return {};
  }
  Result<std::uint64_t> size() override {
    const std::lock_guard lock(content_->mutex);
    return content_->size;
  }
  Result<> sync() override { return {}; }
  Result<> reserve(std::uint64_t, std::uint64_t) override { return {}; }
  void drop_cache() override {}

 private:
  const std::shared_ptr<Content> content_;
};

Result<std::unique_ptr<platform::File>> OverlayFiles::open(const std::string& path, platform::Open how) {
  const std::lock_guard lock(mutex_);
  if (const auto known = written_.find(path); known != written_.end()) return std::make_unique<Handle>(known->second);
  Result<std::unique_ptr<platform::File>> base = fail(Code::not_found, path + ": it was removed");
  if (!removed_.contains(path)) base = base_.open(path, platform::Open::read);
  if (how == platform::Open::read) return base;
  const bool must_exist = how == platform::Open::write || how == platform::Open::write_direct;
  const bool may_be_missing = !must_exist || path.ends_with(".log") || path.ends_with(".sums");
  if (!base && (base.error().code != Code::not_found || !may_be_missing)) return base;
  auto content = std::make_shared<Content>();
  if (base) {
    content->base = *std::move(base);
    LEAT_TRY(content->base_bytes, content->base->size());
    content->size = content->base_bytes;
  }
  removed_.erase(path);
  written_[path] = content;
  return std::make_unique<Handle>(std::move(content));
}

Result<> OverlayFiles::rename(const std::string& from, const std::string&) {
  return fail(Code::invalid, from + ": nothing is renamed while looking");
}

Result<> OverlayFiles::remove(const std::string& path) {
  const std::lock_guard lock(mutex_);
  written_.erase(path);
  removed_.insert(path);
  return {};
}

Result<std::vector<std::string>> OverlayFiles::list(const std::string& directory) {
  auto names = base_.list(directory);
  if (!names && names.error().code == Code::not_found) return std::vector<std::string>{};
  if (!names) return names;
  const std::lock_guard lock(mutex_);
  std::erase_if(*names, [&](const std::string& name) { return removed_.contains(directory + "/" + name); });
  return names;
}

Result<bool> OverlayFiles::exists(const std::string& path) {
  const std::lock_guard lock(mutex_);
  if (written_.contains(path)) return true;
  if (removed_.contains(path)) return false;
  return base_.exists(path);
}

}  // namespace leat::log
