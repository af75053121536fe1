using Metering.Core.Charges;
using Metering.Core.Entries;

namespace Metering.Core.Holds;

/// <summary>Credits to set aside, for usage (priced now) or as credits: exactly one of the two.</summary>
/// <param name="Id">The caller's id; it names the hold.</param>
/// <param name="Usage">What the hold is for.</param>
/// <param name="Credits">How much, when there is no usage. Above zero.</param>
/// <param name="TimeToLive">After which it expires.</param>
/// <param name="Mode"><see cref="ChargeMode.Enforce"/> or <see cref="ChargeMode.UpTo"/>.</param>
public sealed record PlaceHold(string Id, ChargeLine? Usage, Credits? Credits, TimeSpan TimeToLive, ChargeMode Mode);

/// <summary>The actual usage of a hold, as a quantity of its meter or as credits: exactly one of the two.</summary>
/// <param name="Id">The caller's id of this settle.</param>
/// <param name="Hold">The hold.</param>
/// <param name="Quantity">In the hold's meter's unit.</param>
/// <param name="Credits">Zero or more.</param>
/// <param name="Final">Whether the hold is closed and its rest given back.</param>
/// <param name="Mode">What becomes of usage beyond the hold: <see cref="ChargeMode.Record"/> or <see cref="ChargeMode.Enforce"/>.</param>
public sealed record Settle(string Id, string Hold, Quantity? Quantity, Credits? Credits, bool Final, ChargeMode Mode);

/// <summary>An open hold.</summary>
public sealed class Hold
{
    internal Hold(Held placed) => Placed = placed;

    public string Id => Placed.Id;
    public DateTimeOffset PlacedAt => Placed.At;
    public DateTimeOffset ExpiresAt => Placed.ExpiresAt;

    /// <summary>What it is for; null when it was placed as credits.</summary>
    public ChargeLine? Usage => Placed.Usage;

    /// <summary>What is still set aside.</summary>
    public Credits Left { get; internal set; }

    /// <summary>Credits settled so far.</summary>
    public Credits Settled { get; internal set; }

    /// <summary>The entry that placed it: a retry is answered from it as long as the hold is open, however many ids came since.</summary>
    internal Held Placed { get; }
}
