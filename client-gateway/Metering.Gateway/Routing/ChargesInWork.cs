using Metering.Contracts;
using Microsoft.Extensions.Options;

namespace Metering.Gateway.Routing;

/// <summary>
/// Bounds the charges of batches that are in work over both edges. Past the bound a batch is refused at once, before anybody waits in a queue that is longer than what
/// the silos are through with in a moment: so what is taken is answered soon, however much more is offered.
/// </summary>
/// <remarks>
/// Up to a quarter of the bound nobody counts whose charges are in work: to count each costs more than it is worth while there is room for all. Above it each account may have a quarter more: whatever one of
/// them sends, half of the places are the others', and an account that is alone is not refused what it could well be charged.
/// </remarks>
internal sealed class ChargesInWork
{
    /// <summary>Below one in so many of the most there may be, accounts are not told apart.</summary>
    private const int Crowded = 4;

    /// <summary>Above, an account may have one in so many.</summary>
    private const int ShareOfAccount = 4;

    private readonly int _max;
    private readonly int _crowded;
    private readonly AccountShares _shares;
    private int _inWork;
    private long _refused;

    public ChargesInWork(IOptions<GatewayOptions> options)
    {
        _max = options.Value.MaxConcurrentCharges;
        _crowded = _max / Crowded;
        _shares = new AccountShares(Math.Max(1, _max / ShareOfAccount));
    }

    /// <summary>Why a batch is refused as a whole.</summary>
    public static Refusal Overloaded { get; } = new()
    {
        Code = Code.Overloaded,
        Detail = "The gateway has as many charges in work as it takes.",
        RetryAfter = Admission.RetryAfter,
    };

    /// <summary>Charges in work now.</summary>
    public int Count => Volatile.Read(ref _inWork);

    /// <summary>Charges refused so far because there was no room; of a batch that was not read at all, one.</summary>
    public long Refused => Volatile.Read(ref _refused);

    /// <summary>Whether a batch of so many would be taken now: one that would not is refused and need not be read.</summary>
    public bool HasRoomFor(int charges)
    {
        var hasRoom = Count is var inWork && (inWork == 0 || inWork + charges <= _max);
        Interlocked.Add(ref _refused, hasRoom ? 0 : charges);
        return hasRoom;
    }

    /// <summary>Takes a batch in. A batch that finds nothing in work is always taken, however large.</summary>
    /// <param name="items">Its charges.</param>
    /// <param name="batch">When true: its charges, those beyond their account's share refused. <see cref="Leave"/> must follow.</param>
    public bool TryEnter(IReadOnlyList<BatchItem> items, out BatchInWork batch)
    {
        var after = Interlocked.Add(ref _inWork, items.Count);
        var isFirst = after == items.Count;
        if (after > _max && !isFirst)
        {
            Interlocked.Add(ref _inWork, -items.Count);
            Interlocked.Add(ref _refused, items.Count);
            batch = default;
            return false;
        }

        batch = after > _crowded && !isFirst ? WithinShares(items) : new BatchInWork(items, items.Count, IsCounted: false);
        return true;
    }

    /// <summary>All charges of a batch have their answers.</summary>
    public void Leave(BatchInWork batch)
    {
        if (batch.IsCounted)
        {
            for (var i = 0; i < batch.Items.Count; i++)
            {
                if (batch.Items[i].Charge is not null)
                {
                    _shares.GiveBack(batch.Items[i].Account);
                }
            }
        }

        Interlocked.Add(ref _inWork, -batch.Places);
    }

    private BatchInWork WithinShares(IReadOnlyList<BatchItem> items)
    {
        var within = new BatchItem[items.Count];
        var places = within.Length;
        for (var i = 0; i < within.Length; i++)
        {
            within[i] = items[i];
            if (within[i].Charge is not null && !_shares.TryTake(within[i].Account))
            {
                within[i] = BatchItem.Refused(within[i].Account, BeyondShare(within[i].Account));
                places--;
            }
        }

        Interlocked.Add(ref _inWork, places - within.Length);
        Interlocked.Add(ref _refused, within.Length - places);
        return new BatchInWork(within, places, IsCounted: true);
    }

    private static Refusal BeyondShare(string account) => new()
    {
        Code = Code.Overloaded,
        Detail = "The gateway has as many charges of this account in work as it takes.",
        Account = account,
        RetryAfter = Admission.RetryAfter,
    };
}

/// <summary>A batch that was taken in.</summary>
/// <param name="Items">Its charges; what is refused already has no charge.</param>
/// <param name="Places">How many it takes among those in work.</param>
/// <param name="IsCounted">Whether they count towards their accounts' shares.</param>
internal readonly record struct BatchInWork(IReadOnlyList<BatchItem> Items, int Places, bool IsCounted);
