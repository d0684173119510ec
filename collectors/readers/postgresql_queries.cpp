// SPDX-License-Identifier: AGPL-3.0-or-later
#include "collectors/readers/postgresql_queries.hpp"

namespace intendance::collectors {

namespace {

constexpr auto counter = prometheus::MetricType::Counter;
constexpr auto gauge = prometheus::MetricType::Gauge;

const PostgresQuery databases = {
    "pg_stat_database",
    {"datid", "datname"},
    {{"numbackends", gauge, "Connections to this database."},
     {"xact_commit", counter, "Transactions that were committed."},
     {"xact_rollback", counter, "Transactions that were rolled back."},
     {"blks_read", counter, "Blocks read from disk."},
     {"blks_hit", counter, "Blocks found in PostgreSQL's own cache."},
     {"tup_returned", counter, "Rows that queries went through."},
     {"tup_fetched", counter, "Rows that queries fetched."},
     {"tup_inserted", counter, "Rows inserted."},
     {"tup_updated", counter, "Rows updated."},
     {"tup_deleted", counter, "Rows deleted."},
     {"conflicts", counter, "Queries cancelled by recovery on a standby."},
     {"temp_files", counter, "Temporary files that queries needed."},
     {"temp_bytes", counter, "Bytes written to temporary files."},
     {"deadlocks", counter, "Deadlocks."},
     {"blk_read_time", counter, "Milliseconds spent reading blocks, with track_io_timing."},
     {"blk_write_time", counter, "Milliseconds spent writing blocks, with track_io_timing."},
     {"stats_reset", counter, "When these statistics began, in seconds since 1970."}},
    "SELECT datid, datname, numbackends, xact_commit, xact_rollback, blks_read, blks_hit,"
    " tup_returned, tup_fetched, tup_inserted, tup_updated, tup_deleted, conflicts, temp_files,"
    " temp_bytes, deadlocks, blk_read_time, blk_write_time, extract(epoch FROM stats_reset)"
    " FROM pg_stat_database WHERE datname IS NOT NULL"};

const PostgresQuery sessions = {
    "pg_stat_database",
    {"datid", "datname"},
    {{"session_time", counter, "Milliseconds that sessions lasted."},
     {"active_time", counter, "Milliseconds that they spent on statements."},
     {"idle_in_transaction_time", counter, "Milliseconds that they were idle in a transaction."},
     {"sessions", counter, "Sessions."},
     {"sessions_abandoned", counter, "Sessions that ended because the client was lost."},
     {"sessions_fatal", counter, "Sessions that ended by an error."},
     {"sessions_killed", counter, "Sessions that somebody ended."},
     {"checksum_failures", counter, "Pages whose checksum was wrong, where there are checksums."}},
    "SELECT datid, datname, session_time, active_time, idle_in_transaction_time, sessions,"
    " sessions_abandoned, sessions_fatal, sessions_killed, checksum_failures"
    " FROM pg_stat_database WHERE datname IS NOT NULL",
    140000};

const PostgresQuery conflicts = {
    "pg_stat_database_conflicts",
    {"datid", "datname"},
    {{"confl_tablespace", counter, "Queries cancelled because a tablespace was dropped."},
     {"confl_lock", counter, "Queries cancelled because a lock was wanted for too long."},
     {"confl_snapshot", counter, "Queries cancelled because their snapshot was too old."},
     {"confl_bufferpin", counter, "Queries cancelled because they held a buffer."},
     {"confl_deadlock", counter, "Queries cancelled by a deadlock with recovery."}},
    "SELECT datid, datname, confl_tablespace, confl_lock, confl_snapshot, confl_bufferpin,"
    " confl_deadlock FROM pg_stat_database_conflicts"};

const PostgresQuery sizes = {
    "pg_database",
    {"datname"},
    {{"size_bytes", gauge, "Disk space of the database."}},
    "SELECT datname, CASE WHEN has_database_privilege(oid, 'CONNECT')"
    " OR pg_has_role('pg_read_all_stats', 'MEMBER') THEN pg_database_size(oid) END"
    " FROM pg_database WHERE datallowconn"};

const PostgresQuery transaction_age = {
    "intendance_postgresql",
    {"datname"},
    {{"oldest_transaction_age", gauge,
      "Transactions since the oldest that the database still knows; at 2^31 it would stop."}},
    "SELECT datname, age(datfrozenxid) FROM pg_database WHERE datallowconn"};

const PostgresQuery locks = {
    "pg_locks",
    {"datname", "mode"},
    {{"count", gauge, "Locks held or waited for."}},
    "SELECT d.datname, m.mode, count(l.mode) FROM pg_database d CROSS JOIN unnest(ARRAY["
    "'accesssharelock', 'rowsharelock', 'rowexclusivelock', 'shareupdateexclusivelock',"
    " 'sharelock', 'sharerowexclusivelock', 'exclusivelock', 'accessexclusivelock',"
    " 'sireadlock']) AS m(mode) LEFT JOIN pg_locks l ON l.database = d.oid"
    " AND lower(l.mode) = m.mode WHERE d.datallowconn GROUP BY d.datname, m.mode"};

const PostgresQuery activity = {
    "pg_stat_activity",
    {"datname", "state"},
    {{"count", gauge, "Connections in this state."},
     {"max_tx_duration", gauge, "Seconds that the longest transaction has lasted."}},
    "SELECT d.datname, s.state, count(a.pid),"
    " coalesce(max(extract(epoch FROM now() - a.xact_start)), 0)"
    " FROM pg_database d CROSS JOIN unnest(ARRAY['active', 'idle', 'idle in transaction',"
    " 'idle in transaction (aborted)', 'fastpath function call', 'disabled']) AS s(state)"
    " LEFT JOIN pg_stat_activity a ON a.datid = d.oid AND a.state = s.state"
    " WHERE d.datallowconn GROUP BY d.datname, s.state"};

const PostgresQuery long_transactions = {
    "pg",
    {},
    {{"long_running_transactions", gauge, "Transactions older than a minute."},
     {"long_running_transactions_oldest_timestamp_seconds", gauge,
      "When the oldest of them began, in seconds since 1970."}},
    "SELECT count(*), extract(epoch FROM min(xact_start)) FROM pg_stat_activity"
    " WHERE xact_start < clock_timestamp() - interval '1 minute'"
    " AND backend_type = 'client backend'"};

const PostgresQuery background_writer = {
    "pg_stat_bgwriter",
    {},
    {{"checkpoints_timed_total", counter, "Checkpoints made because it was time."},
     {"checkpoints_req_total", counter,
      "Checkpoints made because somebody or the WAL asked for it."},
     {"checkpoint_write_time_total", counter, "Milliseconds of checkpoints spent writing."},
     {"checkpoint_sync_time_total", counter, "Milliseconds of checkpoints spent synchronising."},
     {"buffers_checkpoint_total", counter, "Buffers written by checkpoints."},
     {"buffers_clean_total", counter, "Buffers written by the background writer."},
     {"maxwritten_clean_total", counter, "Times that it stopped because it had written too many."},
     {"buffers_backend_total", counter, "Buffers that connections had to write themselves."},
     {"buffers_backend_fsync_total", counter,
      "Times that connections had to synchronise themselves."},
     {"buffers_alloc_total", counter, "Buffers allocated."},
     {"stats_reset_total", counter, "When these statistics began, in seconds since 1970."}},
    "SELECT checkpoints_timed, checkpoints_req, checkpoint_write_time, checkpoint_sync_time,"
    " buffers_checkpoint, buffers_clean, maxwritten_clean, buffers_backend, buffers_backend_fsync,"
    " buffers_alloc, extract(epoch FROM stats_reset) FROM pg_stat_bgwriter",
    0,
    170000};

// PostgreSQL 17 counts checkpoints in a view of their own, and no buffers of connections there.
const PostgresQuery checkpointer = {
    "pg_stat_bgwriter",
    {},
    {{"checkpoints_timed_total", counter, "Checkpoints made because it was time."},
     {"checkpoints_req_total", counter,
      "Checkpoints made because somebody or the WAL asked for it."},
     {"checkpoint_write_time_total", counter, "Milliseconds of checkpoints spent writing."},
     {"checkpoint_sync_time_total", counter, "Milliseconds of checkpoints spent synchronising."},
     {"buffers_checkpoint_total", counter, "Buffers written by checkpoints."},
     {"buffers_clean_total", counter, "Buffers written by the background writer."},
     {"maxwritten_clean_total", counter, "Times that it stopped because it had written too many."},
     {"buffers_alloc_total", counter, "Buffers allocated."},
     {"stats_reset_total", counter, "When these statistics began, in seconds since 1970."}},
    "SELECT c.num_timed, c.num_requested, c.write_time, c.sync_time, c.buffers_written,"
    " w.buffers_clean, w.maxwritten_clean, w.buffers_alloc, extract(epoch FROM w.stats_reset)"
    " FROM pg_stat_checkpointer c, pg_stat_bgwriter w",
    170000};

const PostgresQuery archiver = {
    "pg_stat_archiver",
    {},
    {{"archived_count", counter, "WAL files that were archived."},
     {"failed_count", counter, "Attempts to archive a WAL file that failed."},
     {"last_archive_age", gauge, "Seconds since a WAL file was last archived."}},
    "SELECT archived_count, failed_count, extract(epoch FROM now() - last_archived_time)"
    " FROM pg_stat_archiver"};

const PostgresQuery replication = {
    "pg_stat_replication",
    {"application_name", "client_addr", "state"},
    {{"pg_wal_lsn_diff", gauge, "Bytes of WAL that the standby has not replayed."}},
    "SELECT application_name, coalesce(client_addr::text, ''), state,"
    " sum(pg_wal_lsn_diff(CASE WHEN pg_is_in_recovery() THEN pg_last_wal_receive_lsn()"
    " ELSE pg_current_wal_lsn() END, replay_lsn)) FROM pg_stat_replication GROUP BY 1, 2, 3"};

const PostgresQuery slots = {
    "pg_replication_slots",
    {"slot_name", "database"},
    {{"active", gauge, "Whether the slot is used."},
     {"pg_wal_lsn_diff", gauge, "Bytes of WAL kept for the slot."}},
    "SELECT slot_name, coalesce(database, ''), active::int,"
    " pg_wal_lsn_diff(CASE WHEN pg_is_in_recovery() THEN pg_last_wal_receive_lsn()"
    " ELSE pg_current_wal_lsn() END, restart_lsn) FROM pg_replication_slots"};

const PostgresQuery replica = {
    "pg_replication",
    {},
    {{"is_replica", gauge, "Whether this server is a standby."},
     {"lag_seconds", gauge, "Seconds that it lags behind."}},
    "SELECT pg_is_in_recovery()::int, CASE WHEN NOT pg_is_in_recovery()"
    " OR pg_last_wal_receive_lsn() = pg_last_wal_replay_lsn() THEN 0"
    " ELSE greatest(0, extract(epoch FROM now() - pg_last_xact_replay_timestamp())) END"};

const PostgresQuery wal = {
    "pg_wal",
    {},
    {{"segments", gauge, "Files of WAL."}, {"size_bytes", gauge, "Bytes of WAL."}},
    "SELECT count(*), sum(size) FROM pg_ls_waldir()"};

const PostgresQuery started = {
    "pg_postmaster",
    {},
    {{"start_time_seconds", gauge, "When the server started, in seconds since 1970."}},
    "SELECT extract(epoch FROM pg_postmaster_start_time())"};

const PostgresQuery version = {
    "pg",
    {"short_version", "version"},
    {{"static", prometheus::MetricType::Untyped, "Which version the server is."}},
    "SELECT split_part(current_setting('server_version'), ' ', 1), version(), 1"};

const std::vector<PostgresQuery> queries = {databases,
                                            sessions,
                                            conflicts,
                                            sizes,
                                            transaction_age,
                                            locks,
                                            activity,
                                            long_transactions,
                                            background_writer,
                                            checkpointer,
                                            archiver,
                                            replication,
                                            slots,
                                            replica,
                                            wal,
                                            started,
                                            version};

} // namespace

std::span<const PostgresQuery> postgres_queries() { return queries; }

const std::string_view postgres_settings_query =
    "SELECT name, setting, coalesce(unit, '') FROM pg_settings WHERE name IN"
    " ('autovacuum_max_workers', 'effective_cache_size', 'maintenance_work_mem',"
    " 'max_connections', 'max_parallel_workers', 'max_wal_size', 'max_worker_processes',"
    " 'random_page_cost', 'seq_page_cost', 'shared_buffers', 'superuser_reserved_connections',"
    " 'work_mem')";

} // namespace intendance::collectors
