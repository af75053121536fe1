using System.Diagnostics;
using System.Globalization;
using Metering.Cluster.Checking;
using Metering.Cluster.Load;

namespace Metering.Cluster.Faults;

/// <summary>New accounts, load, a fault in the midst of it, more load, and the settlement.</summary>
/// <param name="cluster">Over which it comes.</param>
/// <param name="fault">What comes.</param>
/// <param name="name">Begins the names of its accounts.</param>
/// <param name="seed">What is chosen by chance.</param>
/// <param name="comparesUsage">Whether usage across accounts is compared too, which takes some seconds.</param>
internal sealed class Round(LocalCluster cluster, Fault fault, string name, int seed, bool comparesUsage)
{
    private const int AccountsPerKind = 4;
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(30);
    private static readonly TimeSpan Before = TimeSpan.FromSeconds(1.5);
    private static readonly TimeSpan After = TimeSpan.FromSeconds(1.5);

    /// <summary>Soon after the fault has come.</summary>
    private static readonly TimeSpan RefillIn = TimeSpan.FromSeconds(4);

    public async Task<RoundReport> RunAsync()
    {
        var clock = Stopwatch.StartNew();
        var begunAt = DateTimeOffset.UtcNow;
        using var callers = new Callers(cluster.Gateways.Select(gateway => gateway.Http), Callers.NewAccounts(name, AccountsPerKind), seed, Pause);
        await callers.CreateAccountsAsync(RefillIn);
        var scene = new Scene(cluster, callers, new Random(seed));
        var running = callers.RunAsync();
        var stoppedAt = TimeSpan.MaxValue;
        var owners = Membership.Nobody;
        try
        {
            await scene.WaitForAllAccountsAsync();
            await Task.Delay(Before);
            owners = await Membership.ReadAsync(cluster.Redis.ConnectionString);
            await fault.ComeAsync(scene);
            await scene.WaitForAllAccountsAsync();
            await Task.Delay(After);
        }
        finally
        {
            stoppedAt = callers.Now;
            callers.Stop();
            await running;
        }

        var verdict = await new Settlement(callers).RunAsync();
        var settledAt = clock.Elapsed;
        var ledger = cluster.Ledger is { } files ? await new LedgerSettlement(callers, files).RunAsync() : [];
        scene.Note(string.Create(CultureInfo.InvariantCulture, $"ledger compared in {(clock.Elapsed - settledAt).TotalSeconds:F1} s"));
        if (comparesUsage && cluster.Ledger is not null)
        {
            var comparedAt = clock.Elapsed;
            ledger = [.. ledger, .. await new UsageSettlement(callers, scene.OthersUsage, begunAt).RunAsync()];
            scene.Note(string.Create(CultureInfo.InvariantCulture, $"usage compared in {(clock.Elapsed - comparedAt).TotalSeconds:F1} s"));
        }

        verdict = verdict with { Faults = [.. verdict.Faults, .. ledger, .. scene.Faults] };
        return new RoundReport(fault.Name, seed, scene.Victim?.Name, verdict, Waits.Of(scene, owners, stoppedAt), scene.Notes, clock.Elapsed, callers.Accounts);
    }
}

/// <summary>
/// The longest that somebody waited for an answer since the fault came, retries included. Batches do not count: they are of all accounts, and wait for the
/// slowest.
/// </summary>
/// <param name="Affected">On accounts of the silo it came over; null when it came over none in particular, or nobody was answered.</param>
/// <param name="Elsewhere">On all others, but for what was asked while the cluster was being made whole again; null when nobody was answered.</param>
/// <param name="Returning">On any, of what was asked from then on: partitions move back then, and processes start on the same machine.</param>
internal sealed record Waits(Wait? Affected, Wait? Elsewhere, Wait? Returning)
{
    public TimeSpan Longest => new[] { Affected, Elsewhere, Returning }.Max(static wait => wait?.Time ?? TimeSpan.Zero);

    public static Waits Of(Scene scene, Membership before, TimeSpan stoppedAt)
    {
        var answered = scene.Callers.Accounts.SelectMany(static account => account.Operations)
            .Where(static operation => operation is not ChargeOperation { IsBatched: true })
            .Where(operation => operation.Fate != Fate.Unknown && operation.AnsweredAt > scene.StruckAt && operation.AnsweredAt <= stoppedAt)
            .ToLookup(operation => operation.FirstSentAt > scene.RestoredAt);
        var affected = answered[false].ToLookup(operation => scene.Victim is { } silo && before.IsOwnedBy(operation.Account.Name, silo.Address));
        return new Waits(Slowest(affected[true]), Slowest(affected[false]), Slowest(answered[true]));

        Wait? Slowest(IEnumerable<Operation> operations) => operations.MaxBy(static operation => operation.Wait) is { } slowest ? new Wait(slowest, scene.StruckAt) : null;
    }
}

/// <summary>What somebody waited for, and since when, as the fault's time goes.</summary>
internal sealed record Wait(Operation Operation, TimeSpan StruckAt)
{
    public TimeSpan Time => Operation.Wait;

    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture,
        $"{Time.TotalSeconds:F2} s ({Operation.GetType().Name.Replace(nameof(Operation), "", StringComparison.Ordinal).ToLowerInvariant()} of {Operation.Account.Name}, sent at {(Operation.FirstSentAt - StruckAt).TotalSeconds:+0.00;-0.00} s)");
}

internal sealed record RoundReport(
    string Fault, int Seed, string? Victim, Verdict Verdict, Waits Waits, IReadOnlyList<string> Notes, TimeSpan Took, IReadOnlyList<AccountRecord> Accounts)
{
    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture,
        $"{Fault}{(Victim is null ? "" : $" ({Victim})")}: longest without an answer {(Victim is null ? "" : $"{Waits.Affected} on its accounts, ")}{Waits.Elsewhere}{(Victim is null ? "" : " elsewhere")}{(Waits.Returning is null ? "" : $", {Waits.Returning} while it was made whole")}; {Verdict}; {string.Concat(Notes.Select(static note => $"{note}; "))}{Took.TotalSeconds:F0} s");
}
