namespace Metering.Grains.Journal;

/// <summary>The partition cannot be opened now: another silo holds it, or the store cannot be reached. It passes by itself.</summary>
public sealed class JournalUnavailableException : Exception
{
    public JournalUnavailableException(string message, TimeSpan retryAfter)
        : base(message) => RetryAfter = retryAfter;

    public JournalUnavailableException(string message, TimeSpan retryAfter, Exception innerException)
        : base(message, innerException) => RetryAfter = retryAfter;

    /// <summary>Before this has passed, trying again is in vain.</summary>
    public TimeSpan RetryAfter { get; }
}

/// <summary>
/// The account's part of the log is damaged or missing. Nothing is served until an operator has restored the log: what
/// the damage hides may be charges that were acknowledged.
/// </summary>
public sealed class AccountQuarantinedException : Exception
{
    public AccountQuarantinedException(string account, string log, long record, string reason)
        : base($"Account {account} is quarantined: log {log}, record {record}: {reason}")
    {
        Account = account;
        Log = log;
        Record = record;
    }

    public string Account { get; }

    public string Log { get; }

    /// <summary>The record that is damaged, or the one that should be there.</summary>
    public long Record { get; }
}

/// <summary>
/// The activation has lost its part of the journal: another owner took the log, an append had no certain outcome, or the
/// partition was closed. What was not confirmed may or may not be in the log, so memory must be given up.
/// </summary>
public sealed class JournalLostException : Exception
{
    public JournalLostException(string message)
        : base(message)
    {
    }
}

/// <summary>The store was created with other settings than this silo has. The silo must not start.</summary>
public sealed class JournalSettingsException : Exception
{
    public JournalSettingsException(string message)
        : base(message)
    {
    }
}

/// <summary>A log cannot be trusted as a whole: all accounts of the partition are quarantined.</summary>
internal sealed class DamagedLogException : Exception
{
    public DamagedLogException(string log, long record, string reason)
        : base($"Log {log}, record {record}: {reason}")
    {
        Record = record;
        Reason = reason;
    }

    public long Record { get; }

    public string Reason { get; }
}
