using System.Diagnostics;
using HdrHistogram;
using Metering.LoadTest.Run;
using Npgsql;
using NpgsqlTypes;

namespace Metering.Benchmarks.Peers;

/// <summary>
/// A ledger in a database: a function that inserts the charge under its id and deducts the balance, committed synchronously. In the one form each
/// charge is a call of the function, a call's worth of them pipelined in one transaction, sorted by account so that two never wait for each
/// other in a circle; in the other a whole call is one statement over arrays, which is the most one can ask of it.
/// </summary>
internal sealed class PostgresPeer : IPeer
{
    private const string Schema =
        """
        CREATE TABLE account (id text PRIMARY KEY, balance bigint NOT NULL) WITH (fillfactor = 50);
        CREATE TABLE charge (account text NOT NULL, id text NOT NULL, amount bigint NOT NULL, PRIMARY KEY (account, id));
        CREATE FUNCTION charge_one(which text, under text, cost bigint) RETURNS bigint LANGUAGE plpgsql AS $$
        DECLARE remaining bigint;
        BEGIN
          INSERT INTO charge VALUES (which, under, cost) ON CONFLICT DO NOTHING;
          IF NOT FOUND THEN RETURN (SELECT balance FROM account WHERE id = which); END IF;
          UPDATE account SET balance = balance - cost WHERE id = which AND balance >= cost RETURNING balance INTO remaining;
          IF NOT FOUND THEN DELETE FROM charge WHERE account = which AND id = under; RETURN -1; END IF;
          RETURN remaining;
        END $$;
        CREATE FUNCTION charge_many(whose text[], ids text[], cost bigint) RETURNS bigint LANGUAGE plpgsql AS $$
        DECLARE charged bigint;
        BEGIN
          WITH added AS (
            INSERT INTO charge SELECT w, i, cost FROM unnest(whose, ids) AS asked(w, i) ON CONFLICT DO NOTHING RETURNING account),
          due AS (SELECT account, count(*) AS charges FROM added GROUP BY account ORDER BY account),
          locked AS (SELECT a.id, due.charges FROM account a JOIN due ON a.id = due.account ORDER BY a.id FOR UPDATE OF a),
          deducted AS (
            UPDATE account SET balance = balance - cost * locked.charges FROM locked
            WHERE account.id = locked.id AND balance >= cost * locked.charges RETURNING locked.charges)
          SELECT sum(charges) INTO charged FROM deducted;
          IF charged IS DISTINCT FROM cardinality(ids) THEN RAISE 'not every charge fits, or an id came twice'; END IF;
          RETURN charged;
        END $$;
        """;

    private readonly PostgresServer _server;
    private readonly PeerLoad _load;
    private readonly bool _oneStatementPerCall;
    private readonly AccountMix _mix;
    private readonly NpgsqlDataSource _source;
    private long _next;
    private long _charged;

    private PostgresPeer(string name, PostgresServer server, PeerLoad load, bool oneStatementPerCall)
    {
        Name = name;
        _server = server;
        _load = load;
        _oneStatementPerCall = oneStatementPerCall;
        _mix = AccountMix.Zipf(load.Accounts, load.ZipfExponent);
        _source = NpgsqlDataSource.Create(server.ConnectionString);
    }

    public string Name { get; }

    public string What => _oneStatementPerCall ? "one statement over arrays per call, synchronous commit" : "one function call per charge, pipelined, one synchronous commit per call";

    public static async Task<PostgresPeer> StartAsync(string name, bool oneStatementPerCall, PeerLoad load, CancellationToken cancellationToken)
    {
        var peer = new PostgresPeer(name, await PostgresServer.StartAsync(cancellationToken), load, oneStatementPerCall);
        await using var schema = peer._source.CreateCommand(Schema);
        await schema.ExecuteNonQueryAsync(cancellationToken);
        await using var accounts = peer._source.CreateCommand(
            $"INSERT INTO account SELECT 'bench-' || lpad(n::text, 7, '0'), {PeerLoad.GrantedNanocredits} FROM generate_series(0, {load.Accounts - 1}) n");
        await accounts.ExecuteNonQueryAsync(cancellationToken);
        return peer;
    }

    public async Task<PeerTurn> RunAsync(TimeSpan duration, CancellationToken cancellationToken)
    {
        var latency = new LongConcurrentHistogram(1, LoadMeter.MaxLatencyMicroseconds, 3);
        var before = ProcessorTime.Of(_server.ProcessId);
        var clock = Stopwatch.StartNew();

        // PostgreSQL takes one call at a time on a connection, so each call under way gets its own.
        var counts = await Task.WhenAll(Enumerable.Range(0, _load.Connections * _load.CallsPerConnection)
            .Select(number => Task.Run(() => RunConnectionAsync(number, clock, duration, latency, cancellationToken), cancellationToken)));
        _charged += counts.Sum();
        return new PeerTurn(counts.Sum(), clock.Elapsed.TotalSeconds, latency, ProcessorTime.Of(_server.ProcessId) - before, Refused: 0);
    }

    public async Task<string?> CheckAsync(CancellationToken cancellationToken)
    {
        await using var sum = _source.CreateCommand($"SELECT sum({PeerLoad.GrantedNanocredits} - balance)::bigint FROM account");
        var left = (long)(await sum.ExecuteScalarAsync(cancellationToken))!;
        return left == _charged * PeerLoad.ChargedNanocredits ? null : $"{left} nanocredits left the accounts, {_charged * PeerLoad.ChargedNanocredits} were charged";
    }

    public async ValueTask DisposeAsync()
    {
        await _source.DisposeAsync();
        await _server.DisposeAsync();
    }

    private async Task<long> RunConnectionAsync(
        int number, Stopwatch clock, TimeSpan duration, LongConcurrentHistogram latency, CancellationToken cancellationToken)
    {
        var random = new Random(number);
        await using var connection = await _source.OpenConnectionAsync(cancellationToken);
        var (charged, accounts, ids) = (0L, new string[_load.ChargesPerCall], new string[_load.ChargesPerCall]);
        while (clock.Elapsed < duration)
        {
            for (var i = 0; i < accounts.Length; i++)
            {
                accounts[i] = PeerLoad.Account(_mix.Next(random));
                ids[i] = $"id:{Interlocked.Increment(ref _next):D16}";
            }

            Array.Sort(accounts, StringComparer.Ordinal);
            var sentAt = clock.Elapsed;
            await (_oneStatementPerCall ? ChargeManyAsync(connection, accounts, ids, cancellationToken) : ChargeEachAsync(connection, accounts, ids, cancellationToken));
            latency.RecordValueWithCount(Math.Max(1, (long)(clock.Elapsed - sentAt).TotalMicroseconds), accounts.Length);
            charged += accounts.Length;
        }

        return charged;
    }

    private static async Task ChargeManyAsync(NpgsqlConnection connection, string[] accounts, string[] ids, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand("SELECT charge_many($1, $2, $3)", connection)
        {
            Parameters =
            {
                new NpgsqlParameter { Value = accounts, NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Text },
                new NpgsqlParameter { Value = ids, NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Text },
                new NpgsqlParameter<long> { TypedValue = PeerLoad.ChargedNanocredits },
            },
        };
        await command.ExecuteScalarAsync(cancellationToken);
    }

    private static async Task ChargeEachAsync(NpgsqlConnection connection, string[] accounts, string[] ids, CancellationToken cancellationToken)
    {
        await using var batch = new NpgsqlBatch(connection);
        for (var i = 0; i < accounts.Length; i++)
        {
            batch.BatchCommands.Add(new NpgsqlBatchCommand("SELECT charge_one($1, $2, $3)")
            {
                Parameters =
                {
                    new NpgsqlParameter<string> { TypedValue = accounts[i] },
                    new NpgsqlParameter<string> { TypedValue = ids[i] },
                    new NpgsqlParameter<long> { TypedValue = PeerLoad.ChargedNanocredits },
                },
            });
        }

        await using var answers = await batch.ExecuteReaderAsync(cancellationToken);
        do
        {
            await answers.ReadAsync(cancellationToken);
            if (answers.GetInt64(0) < 0)
            {
                throw new InvalidOperationException("PostgreSQL refused a charge.");
            }
        }
        while (await answers.NextResultAsync(cancellationToken));
    }
}
