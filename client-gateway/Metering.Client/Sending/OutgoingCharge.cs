using Metering.Client.Wire;

namespace Metering.Client.Sending;

/// <summary>A charge as a message, which says from the second time it is sent how long ago the first was.</summary>
internal sealed class OutgoingCharge(AccountCharge charge, TimeProvider time)
{
    // Its field number and its length, in front of a charge in a batch; and the time since it was first sent, which the first attempt does not have.
    private const int FramingBytes = 6 + 6;

    private readonly V1.ChargeRequest _request = ChargeMessages.ToWire(charge.Account, charge.Charge);

    /// <summary>When it was first sent; null before.</summary>
    public DateTimeOffset? FirstSentAt { get; private set; } = charge.Charge.FirstSentAt;

    /// <summary>In bytes, as a part of a batch.</summary>
    public int Size => _request.CalculateSize() + FramingBytes;

    /// <summary>The message, to be sent now.</summary>
    public V1.ChargeRequest Send()
    {
        var now = time.GetUtcNow();
        if (FirstSentAt is { } first)
        {
            // At least one, also by a clock that was put back: it is not the first time.
            _request.FirstSentMillisecondsAgo = Math.Max(1, (long)Math.Ceiling((now - first).TotalMilliseconds));
        }

        FirstSentAt ??= now;
        return _request;
    }

    /// <summary>The charge, to be sent again by its caller.</summary>
    public AccountCharge ToCharge() => charge with { Charge = charge.Charge with { FirstSentAt = FirstSentAt } };
}
