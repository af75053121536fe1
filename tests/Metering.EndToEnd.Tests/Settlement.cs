using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Text.Json;

namespace Metering.EndToEnd.Tests;

/// <summary>
/// Compares what a server knows with what its callers wrote down. The laws it checks: what was acknowledged is there exactly once; what was
/// not is there at most once, and exactly once after a retry; an account's balance is its grants less its charges, and its
/// entries are numbered without a gap.
/// </summary>
internal sealed class Settlement(MeteringApi api, CancellationToken cancellationToken)
{
    private const int MaxConcurrentReads = 32;
    private const int RetriesPerBatch = 500;

    /// <summary>Reads every charge back by its id. Unknown ones that are found are known from then on.</summary>
    public async Task<Findings> ReadBackAsync(IReadOnlyList<ChargeRecord> records)
    {
        var missing = new ConcurrentBag<ChargeRecord>();
        var landed = new ConcurrentBag<ChargeRecord>();
        var options = new ParallelOptions { MaxDegreeOfParallelism = MaxConcurrentReads, CancellationToken = cancellationToken };
        await Parallel.ForEachAsync(records, options, async (record, token) =>
        {
            var reply = await api.GetChargeAsync(record.Account.Name, record.Id, token);
            var isThere = reply.IsSuccess;
            Assert.True(isThere || reply is { Status: HttpStatusCode.NotFound, Code: "charge_not_found" }, $"{record} could not be read: {reply}");
            switch (record.Fate)
            {
                case ChargeFate.Charged when isThere:
                    RequireSame(record, reply.Body);
                    break;
                case ChargeFate.Charged:
                    missing.Add(record);
                    break;
                case ChargeFate.Unknown when isThere:
                    record.Land(reply.Body);
                    landed.Add(record);
                    break;
                case ChargeFate.Refused:
                    Assert.False(isThere, $"{record}, and yet it was charged: {reply}");
                    break;
                case ChargeFate.Unknown:
                    break;
            }
        });
        return new Findings([.. missing], [.. landed]);
    }

    /// <summary>Sends everything that was not refused once more: known charges must be told again, the others happen now, or are refused.</summary>
    public async Task RetryAsync(IEnumerable<ChargeRecord> records)
    {
        foreach (var batch in records.Where(record => record.Fate != ChargeFate.Refused).Chunk(RetriesPerBatch))
        {
            var reply = await api.ChargeManyAsync(batch.Select(record => record.BatchedBody), cancellationToken);
            Assert.True(reply.IsSuccess, $"A batch of retries was refused: {reply}");
            foreach (var (record, answer) in batch.Zip(reply.Body.GetProperty("results").EnumerateArray()))
            {
                HearRetry(record, answer);
            }
        }
    }

    /// <summary>Checks the totals and numbers of every account against all charges known to be in it.</summary>
    /// <param name="accounts">The accounts.</param>
    /// <param name="records">Everything ever sent to them.</param>
    public async Task CheckAccountsAsync(IReadOnlyList<CallerAccount> accounts, IReadOnlyList<ChargeRecord> records)
    {
        var charged = records.Where(record => record.Fate == ChargeFate.Charged).ToLookup(record => record.Account);
        foreach (var account in accounts)
        {
            var reply = await api.GetAccountAsync(account.Name, cancellationToken);
            Assert.True(reply.IsSuccess, $"{account.Name} could not be read: {reply}");
            CheckCredits(account, charged[account].ToList(), reply);
            var numbers = account.OtherSequences.Concat(charged[account].Select(record => record.Sequence)).Order().ToList();
            var expected = Enumerable.Range(1, (int)reply.Sequence).Select(number => (long)number);
            Assert.True(numbers.SequenceEqual(expected), $"{account.Name}: entries 1 to {reply.Sequence} were expected; {Difference(numbers, reply.Sequence)}");
        }
    }

    private static void CheckCredits(CallerAccount account, List<ChargeRecord> charges, ApiReply reply)
    {
        var balance = reply.Amount("balance");
        var credits = charges.Sum(record => record.Credits);
        Assert.True(
            balance == account.Granted - credits,
            Invariant($"{account.Name}: granted {account.Granted} less {charges.Count} charges of {credits} should leave {account.Granted - credits}, not {balance}"));
        Assert.True(account.Mode == "record" || balance >= 0m, Invariant($"{account.Name} went below zero in {account.Mode} mode: {balance}"));

        var price = account.PriceOfAll(charges.Sum(record => (long)record.Quantity));
        var priced = credits + charges.Sum(record => record.Uncovered);
        Assert.True(priced == price, Invariant($"{account.Name}: its usage costs {price}, and {priced} was charged or left uncovered"));
    }

    private static void HearRetry(ChargeRecord record, JsonElement answer)
    {
        var wasThere = record.Fate == ChargeFate.Charged;
        var isReply = ApiReply.CodeOf(answer) is null;
        if (wasThere)
        {
            Assert.True(isReply && answer.GetProperty("replayed").GetBoolean(), $"A retry of {record} was not the original answer: {answer}");
            RequireSame(record, answer);
            return;
        }

        Assert.True(record.Hear(answer, record.AnsweredAt), $"A retry of {record} got no answer: {answer}");
        Assert.True(!isReply || !answer.GetProperty("replayed").GetBoolean(), $"{record} was not there, and its retry says it was: {answer}");
        RequirePrice(record);
    }

    private static void RequireSame(ChargeRecord record, JsonElement answer)
    {
        var credits = ApiReply.AmountOf(answer, "credits");
        var sequence = answer.GetProperty("sequence").GetInt64();
        Assert.True(
            credits == record.Credits && sequence == record.Sequence,
            Invariant($"{record}: it was told as {record.Credits} at {record.Sequence}, and now as {credits} at {sequence}"));
        RequirePrice(record);
    }

    private static void RequirePrice(ChargeRecord record)
    {
        if (record.Fate == ChargeFate.Charged && record.Account.PriceOf(record.Quantity) is { } price)
        {
            Assert.True(
                record.Credits + record.Uncovered == price,
                Invariant($"{record} costs {price}, not {record.Credits} and {record.Uncovered} uncovered"));
        }
    }

    private static string Difference(List<long> numbers, long last)
    {
        var twice = numbers.GroupBy(number => number).Where(group => group.Count() > 1).Select(group => group.Key).Take(10);
        var absent = Enumerable.Range(1, (int)last).Select(number => (long)number).Except(numbers).Take(10);
        return $"twice: {string.Join(' ', twice)}; absent: {string.Join(' ', absent)}; beyond: {string.Join(' ', numbers.Where(number => number > last).Take(10))}";
    }

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}

/// <summary>What reading back found against the callers' records.</summary>
/// <param name="Missing">Acknowledged, and not there.</param>
/// <param name="Landed">Never acknowledged, and there.</param>
internal sealed record Findings(IReadOnlyList<ChargeRecord> Missing, IReadOnlyList<ChargeRecord> Landed);
