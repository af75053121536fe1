using System.Globalization;
using System.Text.Json;

namespace Metering.Cluster.Load;

/// <summary>Usage to charge.</summary>
internal sealed class ChargeOperation(AccountRecord account, string id, int quantity, string? team) : Operation(account, id)
{
    public int Quantity => quantity;

    public string? Team => team;

    public decimal Uncovered { get; private set; }

    /// <summary>Whether it travelled with others, and waited for the slowest of them.</summary>
    public bool IsBatched { get; set; }

    /// <summary>Budget thresholds it was told to have crossed.</summary>
    public int Crossed { get; private set; }

    // Each crossing is an entry of its own, after the charge's.
    public override int Entries => 1 + Crossed;

    public override string Path => $"/v1/accounts/{Account.Name}/charges";

    public override object Body => team is null
        ? new { id = Id, meter = Account.Kind.Meter, quantity = QuantityText, mode = Account.Kind.Mode }
        : new { id = Id, meter = Account.Kind.Meter, quantity = QuantityText, mode = Account.Kind.Mode, dimensions = new { team } };

    /// <summary>The same, as it stands in a batch.</summary>
    public object BatchedBody => team is null
        ? new { account = Account.Name, id = Id, meter = Account.Kind.Meter, quantity = QuantityText, mode = Account.Kind.Mode }
        : new { account = Account.Name, id = Id, meter = Account.Kind.Meter, quantity = QuantityText, mode = Account.Kind.Mode, dimensions = new { team } };

    protected override IReadOnlyList<string> Refusals => Account.Kind.Mode == "enforce" ? ["insufficient_credits", "budget_exceeded"] : [];

    protected override void Land(JsonElement reply)
    {
        base.Land(reply);
        Uncovered = reply.AmountOr("uncovered", 0m);
        Crossed = reply.TryGetProperty("crossed", out var crossed) ? crossed.GetArrayLength() : 0;
    }

    private string QuantityText => quantity.ToString(CultureInfo.InvariantCulture);
}

/// <summary>All of a charge, given back.</summary>
internal sealed class ReversalOperation(ChargeOperation charge, string id) : Operation(charge.Account, id)
{
    public ChargeOperation Charge => charge;

    public override string Path => $"/v1/accounts/{Account.Name}/charges/{charge.Id}/reversals";

    public override object Body => new { id = Id };
}

/// <summary>Credits put into the account.</summary>
internal sealed class GrantOperation(AccountRecord account, string id, decimal amount) : Operation(account, id)
{
    public decimal Amount => amount;

    public override string Path => $"/v1/accounts/{Account.Name}/grants";

    public override object Body => new { id = Id, amount = amount.Text() };
}

/// <summary>Credits set aside: for a quantity, or, when it is to expire, an amount.</summary>
internal sealed class HoldOperation(AccountRecord account, string id, int quantity, bool isToExpire) : Operation(account, id)
{
    private readonly string _quantity = quantity.ToString(CultureInfo.InvariantCulture);

    /// <summary>All holds that are left to expire are of the same size, so that each expiry is known to give back this much.</summary>
    public const decimal ExpiringCredits = 0.25m;

    private const int ShortSeconds = 2;
    private const int LongSeconds = 3_600;

    // One caller at a time has the hold.
    private int _leftQuantity = quantity;

    public bool IsToExpire => isToExpire;

    public DateTimeOffset ExpiresAt { get; private set; }

    /// <summary>A part of what is not settled yet: its callers never settle more than they held.</summary>
    public int TakeQuantity(Random chance)
    {
        var taken = chance.Next(_leftQuantity + 1);
        _leftQuantity -= taken;
        return taken;
    }

    public override string Path => $"/v1/accounts/{Account.Name}/holds";

    public override object Body => isToExpire
        ? new { id = Id, credits = ExpiringCredits.Text(), ttlSeconds = ShortSeconds }
        : new { id = Id, meter = Account.Kind.Meter, quantity = _quantity, ttlSeconds = LongSeconds };

    protected override IReadOnlyList<string> Refusals => ["insufficient_credits"];

    protected override void Land(JsonElement reply)
    {
        base.Land(reply);
        ExpiresAt = reply.GetProperty("expiresAt").GetDateTimeOffset();
    }
}

/// <summary>The usage of a hold, or a part of it; never more than was held.</summary>
internal sealed class SettleOperation(HoldOperation hold, string id, int quantity, bool isFinal) : Operation(hold.Account, id)
{
    public HoldOperation Hold => hold;

    public int Quantity => quantity;

    public bool IsFinal => isFinal;

    public decimal Released { get; private set; }

    public override string Path => $"/v1/accounts/{Account.Name}/holds/{hold.Id}/settle";

    public override object Body => new { id = Id, quantity = quantity.ToString(CultureInfo.InvariantCulture), final = isFinal };

    protected override void Land(JsonElement reply)
    {
        base.Land(reply);
        Released = reply.Amount("released");
    }
}

/// <summary>A hold given back.</summary>
internal sealed class ReleaseOperation(HoldOperation hold, string id) : Operation(hold.Account, id)
{
    public HoldOperation Hold => hold;

    public decimal Released { get; private set; }

    public override string Path => $"/v1/accounts/{Account.Name}/holds/{hold.Id}/release";

    public override object Body => new { id = Id };

    protected override void Land(JsonElement reply)
    {
        base.Land(reply);
        Released = reply.Amount("released");
    }
}
