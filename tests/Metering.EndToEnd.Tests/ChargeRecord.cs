using System.Globalization;
using System.Text.Json;

namespace Metering.EndToEnd.Tests;

internal enum ChargeFate
{
    /// <summary>Sent, and never answered: it may have landed or not.</summary>
    Unknown = 0,

    Charged = 1,

    /// <summary>Refused for lack of credits.</summary>
    Refused = 2,
}

/// <summary>What a caller knows of one charge it sent.</summary>
internal sealed class ChargeRecord(CallerAccount account, string id, int quantity)
{
    public CallerAccount Account => account;

    public string Id => id;

    public int Quantity => quantity;

    public ChargeFate Fate { get; private set; }

    public decimal Credits { get; private set; }

    public decimal Uncovered { get; private set; }

    public long Sequence { get; private set; }

    /// <summary>When the answer came, since its callers began.</summary>
    public TimeSpan AnsweredAt { get; private set; }

    /// <summary>The charge as it is sent, every time.</summary>
    public object Body => new
    {
        id,
        meter = account.Meter,
        quantity = quantity.ToString(CultureInfo.InvariantCulture),
        mode = account.Mode,
    };

    /// <summary>The same, as it stands in a batch.</summary>
    public object BatchedBody => new
    {
        account = account.Name,
        id,
        meter = account.Meter,
        quantity = quantity.ToString(CultureInfo.InvariantCulture),
        mode = account.Mode,
    };

    /// <summary>Takes a reply or a problem; false when it left the outcome open.</summary>
    public bool Hear(JsonElement answer, TimeSpan at)
    {
        var code = ApiReply.CodeOf(answer);
        switch (code)
        {
            case null:
                Land(answer);
                AnsweredAt = at;
                return true;
            case "insufficient_credits" when account.Mode == "enforce":
                Fate = ChargeFate.Refused;
                AnsweredAt = at;
                return true;
            case "unavailable" or "overloaded":
                return false;
            default:
                throw new InvalidOperationException($"Charge {id} of {account.Name} was refused without cause: {answer}");
        }
    }

    /// <summary>It is in the account, as a reply or a reading says.</summary>
    public void Land(JsonElement charge)
    {
        Fate = ChargeFate.Charged;
        Credits = ApiReply.AmountOf(charge, "credits");
        Uncovered = charge.TryGetProperty("uncovered", out _) ? ApiReply.AmountOf(charge, "uncovered") : 0m;
        Sequence = charge.GetProperty("sequence").GetInt64();
    }

    /// <summary>It was acknowledged under weaker promises and did not survive.</summary>
    public void Lose() => Fate = ChargeFate.Unknown;

    public override string ToString() => $"{id} of {account.Name} ({account.Mode}, {quantity} {account.Meter}): {Fate}";
}
