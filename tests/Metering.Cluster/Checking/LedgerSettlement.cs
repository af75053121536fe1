using System.Collections.Concurrent;
using System.Globalization;
using Metering.Cluster.Load;
using Metering.Ledger.Reading;

namespace Metering.Cluster.Checking;

/// <summary>
/// Compares the ledger with what callers wrote down, when they are at rest: the ledger of each account has every sequence once, from the first to the account's last; every acknowledged
/// operation stands at its sequence with the balance it was told; and in the files every chain holds and no entry is missing.
/// </summary>
internal sealed class LedgerSettlement(Callers callers, LedgerFiles files)
{
    private const int EntriesPerPage = 1000;
    private const int MaxConcurrent = 8;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan ArchivePatience = TimeSpan.FromSeconds(90);
    private static readonly TimeSpan ArchivePoll = TimeSpan.FromMilliseconds(500);

    private readonly ConcurrentBag<string> _faults = [];
    private readonly ConcurrentDictionary<string, long> _last = new();

    /// <summary>The files are held against what was due before this round: the archive takes its time, and the next round, or <see cref="ToTheEndAsync"/>, asks for this one's.</summary>
    /// <returns>Everything that is not as it must be, in words.</returns>
    public async Task<IReadOnlyList<string>> RunAsync()
    {
        await Parallel.ForEachAsync(callers.Accounts, new ParallelOptions { MaxDegreeOfParallelism = MaxConcurrent }, async (account, _) => await CheckAnswersAsync(account));
        await CheckFilesAsync();
        foreach (var (account, last) in _last)
        {
            files.Due[account] = last;
        }

        return [.. _faults];
    }

    /// <summary>Waits until the files have everything of every round; nothing to do where no ledger is kept.</summary>
    /// <returns>Everything that is not as it must be, in words.</returns>
    public static async Task<IReadOnlyList<string>> ToTheEndAsync(LocalCluster cluster)
    {
        if (cluster.Ledger is not { } files)
        {
            return [];
        }

        using var nobody = new Callers(cluster.Gateways.Select(static gateway => gateway.Http), [], seed: 0, TimeSpan.Zero);
        var settlement = new LedgerSettlement(nobody, files);
        await settlement.CheckFilesAsync();
        return [.. settlement._faults];
    }

    /// <summary>What the service answers, of what is archived and what is not.</summary>
    private async Task CheckAnswersAsync(AccountRecord account)
    {
        var balances = await ReadAsync(account);
        var last = (await callers.InsistAsync(HttpMethod.Get, $"/v1/accounts/{account.Name}", null, Patience)).Body.GetProperty("sequence").GetInt64();
        _last[account.Name] = last;
        if (balances.Count != last)
        {
            _faults.Add($"{account.Name}: its last entry is {last}, and its ledger has {balances.Count}");
        }

        foreach (var operation in account.Operations.Where(static operation => operation.Fate == Fate.Done))
        {
            if (!balances.TryGetValue(operation.Sequence, out var balance) || balance != operation.Balance)
            {
                _faults.Add($"{operation} left {operation.Balance}, and in the ledger {(balances.ContainsKey(operation.Sequence) ? balance : "it is missing")}");
            }
        }
    }

    /// <returns>The balance after each entry.</returns>
    private async Task<Dictionary<long, decimal>> ReadAsync(AccountRecord account)
    {
        var balances = new Dictionary<long, decimal>();
        var cursor = "";
        while (true)
        {
            var page = await callers.InsistAsync(HttpMethod.Get, $"/v1/accounts/{account.Name}/ledger?limit={EntriesPerPage}{(cursor.Length > 0 ? $"&cursor={cursor}" : "")}", null, Patience);
            if (!page.IsSuccess)
            {
                _faults.Add($"{account.Name}: its ledger cannot be read: {page}");
                return balances;
            }

            foreach (var entry in page.Body.GetProperty("entries").EnumerateArray())
            {
                var sequence = entry.GetProperty("sequence").GetInt64();
                if (sequence != balances.Count + 1)
                {
                    _faults.Add($"{account.Name}: in its ledger {sequence} follows {balances.Count}");
                }

                balances[sequence] = entry.Amount("balance");
            }

            if (!page.Body.TryGetProperty("cursor", out var next) || next.GetString() is not { Length: > 0 } following)
            {
                return balances;
            }

            cursor = Uri.EscapeDataString(following);
        }
    }

    /// <summary>What lies in the files, with no silo's help, once all that is due is in them.</summary>
    private async Task CheckFilesAsync()
    {
        using var opened = files.Open();
        using var reader = new LedgerReader(opened.Store);
        using var polls = new PeriodicTimer(ArchivePoll);
        var begunAt = callers.Now;
        while (true)
        {
            var (accounts, report) = await ReadFilesAsync(reader);
            var late = files.Due.Where(account => accounts.GetValueOrDefault(account.Key).Last < account.Value).ToList();
            if (late.Count > 0 && callers.Now - begunAt < ArchivePatience)
            {
                await polls.WaitForNextTickAsync();
                continue;
            }

            late.ForEach(account => _faults.Add($"{account.Key}: its last entry is {account.Value}, and after {ArchivePatience.TotalSeconds} s its files end at {accounts.GetValueOrDefault(account.Key).Last}"));
            foreach (var (account, (entries, last)) in accounts.Where(static account => account.Value.Entries != account.Value.Last))
            {
                _faults.Add(string.Create(CultureInfo.InvariantCulture, $"{account}: its files end at entry {last}, and have {entries}"));
            }

            report.Breaks.ToList().ForEach(broken => _faults.Add($"The chain is broken: {broken}"));
            report.Damaged.ToList().ForEach(segment => _faults.Add($"A segment is damaged: {segment}"));
            return;
        }
    }

    /// <summary>Every row of every account: those of earlier rounds too, for nothing of them may have come undone.</summary>
    private static async Task<(Dictionary<string, (long Entries, long Last)> Accounts, ChainReport Report)> ReadFilesAsync(LedgerReader reader)
    {
        var accounts = new Dictionary<string, (long Entries, long Last)>(StringComparer.Ordinal);
        var check = new ChainCheck();
        var damaged = await reader.ScanAsync(
            null,
            () =>
            {
                accounts.Clear();
                check = new ChainCheck();
            },
            row =>
            {
                check.Take(row);
                var before = accounts.GetValueOrDefault(row.Account);
                accounts[row.Account] = row.Sequence == before.Last ? before : (before.Entries + 1, row.Sequence);
            },
            CancellationToken.None);
        return (accounts, check.End(damaged));
    }
}
