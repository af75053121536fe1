using Metering.Contracts;
using Metering.Grains.Journal;
using Metering.Ledger.Reading;
using Metering.Ledger.Segments;

namespace Metering.Silo.Ledger;

/// <summary>Why a question to the ledger has no answer.</summary>
internal static class LedgerRefusals
{
    /// <summary>What a question may take: below the time that callers wait, so that they hear why there is no answer, and the engine is free again.</summary>
    internal static readonly TimeSpan MaxTime = TimeSpan.FromSeconds(15);

    private static readonly TimeSpan StoreRetryDelay = TimeSpan.FromSeconds(1);

    internal static Refusal None(string? account) => new() { Code = Code.Unavailable, Detail = "This server keeps no ledger.", Account = account, IsLasting = true };

    /// <summary>Null for what nobody foresaw.</summary>
    /// <param name="account">Whom the question is about; null for all.</param>
    /// <param name="failure">What it ended with.</param>
    /// <param name="time">The question's own.</param>
    internal static Refusal? Of(string? account, Exception failure, CancellationToken time) => Of(account, failure, MaxTime, time);

    /// <inheritdoc cref="Of(string?, Exception, CancellationToken)"/>
    /// <param name="account">Whom the question is about; null for all.</param>
    /// <param name="failure">What it ended with.</param>
    /// <param name="maxTime">How long it might take.</param>
    /// <param name="time">The question's own.</param>
    internal static Refusal? Of(string? account, Exception failure, TimeSpan maxTime, CancellationToken time) => failure switch
    {
        OperationCanceledException when time.IsCancellationRequested => new Refusal
        {
            Code = Code.Overloaded,
            Detail = $"It takes longer than {maxTime.TotalSeconds} s. A shorter range is faster.",
            Account = account,
            RetryAfter = StoreRetryDelay,
        },
        JournalUnavailableException unavailable => new Refusal { Code = Code.Unavailable, Detail = unavailable.Message, Account = account, RetryAfter = unavailable.RetryAfter },
        RolledUpException rolledUp => new Refusal { Code = Code.DetailNotKept, Detail = rolledUp.Message, Account = account },
        LedgerStoreException fault => new Refusal { Code = Code.Unavailable, Detail = fault.Message, Account = account, RetryAfter = StoreRetryDelay },
        _ => null,
    };
}
