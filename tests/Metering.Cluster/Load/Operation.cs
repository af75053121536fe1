using System.Globalization;
using System.Text.Json;

namespace Metering.Cluster.Load;

internal enum Fate
{
    /// <summary>Never answered, or refused after an attempt that was never answered: it may have landed or not.</summary>
    Unknown = 0,

    /// <summary>Acknowledged.</summary>
    Done = 1,

    /// <summary>Refused: it changed nothing.</summary>
    Refused = 2,
}

/// <summary>Something a caller asked of an account under an id, and what it was told.</summary>
internal abstract class Operation(AccountRecord account, string id)
{
    private static readonly string[] Transient = ["unavailable", "overloaded", "rate_limited"];

    public AccountRecord Account => account;

    public string Id => id;

    public Fate Fate { get; private set; }

    /// <summary>Since the callers began.</summary>
    public TimeSpan FirstSentAt { get; set; }

    /// <summary>Since the callers began.</summary>
    public TimeSpan AnsweredAt { get; private set; }

    public long Sequence { get; private set; }

    /// <summary>Right after it, as it was told.</summary>
    public decimal Balance { get; private set; }

    /// <summary>Right after it, as it was told.</summary>
    public decimal Available { get; private set; }

    /// <summary>What it moved: taken, set aside or given back, as it was told.</summary>
    public decimal Credits { get; private set; }

    /// <summary>When it was refused without a cause the caller could think of.</summary>
    public string? Surprise { get; private set; }

    public abstract string Path { get; }

    public abstract object Body { get; }

    /// <summary>Entries it made, itself included.</summary>
    public virtual int Entries => 1;

    public TimeSpan Wait => AnsweredAt - FirstSentAt;

    /// <summary>Codes it may be refused with in an account that works.</summary>
    protected virtual IReadOnlyList<string> Refusals => [];

    /// <summary>Takes a reply or a problem; false when it left the outcome open.</summary>
    /// <param name="answer">The reply or the problem.</param>
    /// <param name="at">Since the callers began.</param>
    /// <param name="mayStillLand">
    /// Whether it was sent before and not answered: a refusal then speaks for this attempt only, for the one before may be behind it.
    /// </param>
    public bool Hear(JsonElement answer, TimeSpan at, bool mayStillLand)
    {
        var code = answer.Code();
        if (code is not null && Transient.Contains(code))
        {
            return false;
        }

        AnsweredAt = at;
        if (code is null)
        {
            Fate = Fate.Done;
            Land(answer);
            return true;
        }

        Fate = mayStillLand ? Fate.Unknown : Fate.Refused;
        if (!Refusals.Contains(code))
        {
            Surprise = $"was refused without cause: {answer}";
        }
        else if (answer.AmountOr("required", 1m) <= answer.AmountOr("available", 0m))
        {
            Surprise = $"was refused although it fits: {answer}";
        }

        return true;
    }

    /// <summary>It was refused, and yet it is there, as a reading of it says.</summary>
    public void LandAfterAll(JsonElement reading)
    {
        Fate = Fate.Done;
        Land(reading);
    }

    /// <summary>What a later answer to the same request says otherwise than the first; null when it says the same.</summary>
    public virtual string? Differs(JsonElement answer)
    {
        var (credits, balance, sequence) = (answer.Amount("credits"), answer.Amount("balance"), answer.GetProperty("sequence").GetInt64());
        return credits == Credits && balance == Balance && sequence == Sequence
            ? null
            : string.Create(CultureInfo.InvariantCulture, $"was told as {Credits} at {Sequence} leaving {Balance}, and later as {credits} at {sequence} leaving {balance}");
    }

    protected virtual void Land(JsonElement reply)
    {
        Sequence = reply.GetProperty("sequence").GetInt64();
        Balance = reply.Amount("balance");
        Available = reply.Amount("available");
        Credits = reply.Amount("credits");
    }

    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture,
        $"{GetType().Name} {id} of {account.Name} ({Fate}{(Fate == Fate.Done ? $" at {Sequence}, {Credits} credits" : "")}, sent {FirstSentAt.TotalSeconds:F3} s, answered {AnsweredAt.TotalSeconds:F3} s)");
}
