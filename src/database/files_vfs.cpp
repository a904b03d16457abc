#include "database/files_vfs.h"

#include <atomic>
#include <new>

#include <sqlite3.h>

#include "base/result.h"
#include "database/settings.h"
#include "database/shared_file.h"

namespace leat::database {
namespace {

constexpr int sector_bytes = 512;
constexpr std::int64_t julian_ms_of_unix_epoch = 210'866'760'000'000;

std::string folder_of(const std::string& path) {
  const auto slash = path.rfind('/');
  return slash == std::string::npos ? "." : path.substr(0, std::max<std::size_t>(slash, 1));
}

int outcome(const Result<>& done, int failure) {
  if (done) return SQLITE_OK;
  return done.error().code == Code::no_space ? SQLITE_FULL : failure;
}

// What all files of one VFS share.
struct World {
  platform::Platform platform;
  SharedFiles shared;
  std::atomic<int> open_files{0};
};

// Lives in the memory that SQLite gives to xOpen and ends in xClose.
struct VfsFile : sqlite3_file {
  World* world;
  std::string path;
  std::unique_ptr<platform::File> file;
  std::shared_ptr<SharedFile> shared;  // of database files only
  bool name_is_new = false;            // a journal or WAL just created: its first sync covers the folder too
  bool remove_on_close = false;
  bool index_attached = false;
  LockLevel level = LockLevel::none;
  WalIndex::Held held;
};

VfsFile& of(sqlite3_file* file) { return *static_cast<VfsFile*>(file); }

World& of(sqlite3_vfs* vfs) { return *static_cast<World*>(vfs->pAppData); }

int shm_unmap(sqlite3_file* base, int) {
  auto& file = of(base);
  if (std::exchange(file.index_attached, false)) file.shared->index.detach();
  return SQLITE_OK;
}

int close(sqlite3_file* base) {
  auto& file = of(base);
  shm_unmap(base, 0);
  if (file.shared) file.shared->locks.lower(&file, file.level, LockLevel::none);
  auto& world = *file.world;
  const auto path = file.remove_on_close ? file.path : std::string();
  file.~VfsFile();
  --world.open_files;
  if (!path.empty()) (void)world.platform.files.remove(path);
  return SQLITE_OK;
}

int read(sqlite3_file* base, void* into, int size, sqlite3_int64 position) {
  const auto wanted = static_cast<std::size_t>(size);
  const auto got = of(base).file->read_at(static_cast<std::uint64_t>(position), static_cast<char*>(into), wanted);
  if (!got) return SQLITE_IOERR_READ;
  if (*got == wanted) return SQLITE_OK;
  std::memset(static_cast<char*>(into) + *got, 0, wanted - *got);
  return SQLITE_IOERR_SHORT_READ;
}

int write(sqlite3_file* base, const void* from, int size, sqlite3_int64 position) {
  const std::string_view bytes(static_cast<const char*>(from), static_cast<std::size_t>(size));
  return outcome(of(base).file->write_at(static_cast<std::uint64_t>(position), bytes), SQLITE_IOERR_WRITE);
}

int truncate(sqlite3_file* base, sqlite3_int64 size) {
  return outcome(of(base).file->truncate(static_cast<std::uint64_t>(size)), SQLITE_IOERR_TRUNCATE);
}

int sync(sqlite3_file* base, int) {
  auto& file = of(base);
  if (!file.file->sync()) return SQLITE_IOERR_FSYNC;
  if (!file.name_is_new) return SQLITE_OK;
  if (!file.world->platform.files.sync_directory(folder_of(file.path))) return SQLITE_IOERR_DIR_FSYNC;
  file.name_is_new = false;
  return SQLITE_OK;
}

int file_size(sqlite3_file* base, sqlite3_int64* size) {
  const auto got = of(base).file->size();
  if (!got) return SQLITE_IOERR_FSTAT;
  *size = static_cast<sqlite3_int64>(*got);
  return SQLITE_OK;
}

int lock(sqlite3_file* base, int level) {
  auto& file = of(base);
  return file.shared->locks.raise(&file, file.level, static_cast<LockLevel>(level)) ? SQLITE_OK : SQLITE_BUSY;
}

int unlock(sqlite3_file* base, int level) {
  auto& file = of(base);
  file.shared->locks.lower(&file, file.level, static_cast<LockLevel>(level));
  return SQLITE_OK;
}

int check_reserved_lock(sqlite3_file* base, int* reserved) {
  *reserved = of(base).shared->locks.reserved();
  return SQLITE_OK;
}

int file_control(sqlite3_file*, int, void*) { return SQLITE_NOTFOUND; }
int sector_size(sqlite3_file*) { return sector_bytes; }
// As SQLite assumes of every disk by default: a torn write harms no byte that was not written.
int device_characteristics(sqlite3_file*) { return SQLITE_IOCAP_POWERSAFE_OVERWRITE; }

int shm_map(sqlite3_file* base, int region, int size, int make, void volatile** out) {
  auto& file = of(base);
  if (!std::exchange(file.index_attached, true)) file.shared->index.attach();
  *out = const_cast<void*>(
      file.shared->index.region(static_cast<std::size_t>(region), static_cast<std::size_t>(size), make != 0));
  return SQLITE_OK;
}

int shm_lock(sqlite3_file* base, int first, int count, int flags) {
  auto& file = of(base);
  const bool exclusive = (flags & SQLITE_SHM_EXCLUSIVE) != 0;
  if (flags & SQLITE_SHM_LOCK)
    return file.shared->index.lock(file.held, first, count, exclusive) ? SQLITE_OK : SQLITE_BUSY;
  file.shared->index.unlock(file.held, first, count, exclusive);
  return SQLITE_OK;
}

void shm_barrier(sqlite3_file*) { std::atomic_thread_fence(std::memory_order_seq_cst); }

constexpr sqlite3_io_methods methods = {
    .iVersion = 2,
    .xClose = close,
    .xRead = read,
    .xWrite = write,
    .xTruncate = truncate,
    .xSync = sync,
    .xFileSize = file_size,
    .xLock = lock,
    .xUnlock = unlock,
    .xCheckReservedLock = check_reserved_lock,
    .xFileControl = file_control,
    .xSectorSize = sector_size,
    .xDeviceCharacteristics = device_characteristics,
    .xShmMap = shm_map,
    .xShmLock = shm_lock,
    .xShmBarrier = shm_barrier,
    .xShmUnmap = shm_unmap,
    .xFetch = nullptr,
    .xUnfetch = nullptr,
};

platform::Open how(int flags) {
  if (flags & SQLITE_OPEN_READONLY) return platform::Open::read;
  if (!(flags & SQLITE_OPEN_CREATE)) return platform::Open::write;
  return flags & SQLITE_OPEN_EXCLUSIVE ? platform::Open::create_new : platform::Open::create;
}

int open(sqlite3_vfs* vfs, const char* path, sqlite3_file* memory, int flags, int* flags_out) {
  memory->pMethods = nullptr;
  if (!path) return SQLITE_CANTOPEN;
  auto& world = of(vfs);
  const auto existed = world.platform.files.exists(path);
  if (!existed) return SQLITE_CANTOPEN;
  auto opened = world.platform.files.open(path, how(flags));
  if (!opened) return opened.error().code == Code::no_space ? SQLITE_FULL : SQLITE_CANTOPEN;

  auto* file = new (memory) VfsFile;
  file->pMethods = &methods;
  file->world = &world;
  file->path = path;
  file->file = std::move(*opened);
  if (flags & SQLITE_OPEN_MAIN_DB) file->shared = world.shared.of(path);
  file->name_is_new =
      !*existed && (flags & (SQLITE_OPEN_WAL | SQLITE_OPEN_MAIN_JOURNAL | SQLITE_OPEN_SUPER_JOURNAL)) != 0;
  file->remove_on_close = (flags & SQLITE_OPEN_DELETEONCLOSE) != 0;
  ++world.open_files;
  if (flags_out) *flags_out = flags;
  return SQLITE_OK;
}

int remove(sqlite3_vfs* vfs, const char* path, int sync_folder) {
  auto& files = of(vfs).platform.files;
  if (const auto removed = files.remove(path); !removed)
    return removed.error().code == Code::not_found ? SQLITE_IOERR_DELETE_NOENT : SQLITE_IOERR_DELETE;
  if (sync_folder && !files.sync_directory(folder_of(path))) return SQLITE_IOERR_DIR_FSYNC;
  return SQLITE_OK;
}

int access(sqlite3_vfs* vfs, const char* path, int, int* there) {
  const auto exists = of(vfs).platform.files.exists(path);
  if (!exists) return SQLITE_IOERR_ACCESS;
  *there = *exists;
  return SQLITE_OK;
}

int full_pathname(sqlite3_vfs*, const char* path, int size, char* out) {
  const std::string_view text(path);
  if (text.size() >= static_cast<std::size_t>(size)) return SQLITE_CANTOPEN;
  *std::ranges::copy(text, out).out = '\0';
  return SQLITE_OK;
}

int randomness(sqlite3_vfs* vfs, int size, char* out) {
  auto& random = of(vfs).platform.random;
  for (int i = 0; i < size; ++i) out[i] = static_cast<char>(random.next());
  return size;
}

// Whoever waits here waits for a lock that another connection of this process holds; time is not ours to move.
int wait_for_nothing(sqlite3_vfs*, int microseconds) { return microseconds; }

int current_time_ms(sqlite3_vfs* vfs, sqlite3_int64* out) {
  *out = of(vfs).platform.clock.unix_ms() + julian_ms_of_unix_epoch;
  return SQLITE_OK;
}

int current_time(sqlite3_vfs* vfs, double* out) {
  sqlite3_int64 ms = 0;
  current_time_ms(vfs, &ms);
  *out = static_cast<double>(ms) / 86'400'000.0;
  return SQLITE_OK;
}

int last_error(sqlite3_vfs*, int, char*) { return 0; }

void seed_generator(int seed) {
  sqlite3_test_control(SQLITE_TESTCTRL_PRNG_SEED, seed, static_cast<sqlite3*>(nullptr));
  sqlite3_test_control(SQLITE_TESTCTRL_PRNG_RESET);
}

}  // namespace

struct FilesVfs::State {
  std::string name;
  World world;
  sqlite3_vfs vfs{};
};

FilesVfs::FilesVfs(std::string name, platform::Platform platform)
    : state_(new State{.name = std::move(name), .world = {.platform = platform}}) {
  configure_process();
  auto& vfs = state_->vfs;
  vfs.iVersion = 2;
  vfs.szOsFile = sizeof(VfsFile);
  vfs.mxPathname = 1024;
  vfs.zName = state_->name.c_str();
  vfs.pAppData = &state_->world;
  vfs.xOpen = open;
  vfs.xDelete = remove;
  vfs.xAccess = access;
  vfs.xFullPathname = full_pathname;
  vfs.xRandomness = randomness;
  vfs.xSleep = wait_for_nothing;
  vfs.xCurrentTime = current_time;
  vfs.xGetLastError = last_error;
  vfs.xCurrentTimeInt64 = current_time_ms;
  LEAT_ASSERT(sqlite3_vfs_register(&vfs, 0) == SQLITE_OK);
  seed_generator(static_cast<int>(platform.random.next() | 1));  // 0 would mean: from the operating system
}

FilesVfs::~FilesVfs() {
  LEAT_ASSERT(state_->world.open_files == 0);
  sqlite3_vfs_unregister(&state_->vfs);
  seed_generator(0);
}

const std::string& FilesVfs::name() const { return state_->name; }

}  // namespace leat::database
