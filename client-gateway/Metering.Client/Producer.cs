using Metering.Client.Sending;

namespace Metering.Client;

/// <summary>
/// Numbers its charges instead of naming them, for very high rates: an account remembers of a producer only its latest numbers, however many
/// charges come. See <see cref="MeteringClient.Producer"/>.
/// </summary>
/// <remarks>
/// A number stands for one charge for ever. Two producers of one name, in one process or two, would take each other's numbers: each process, and
/// each part of it, needs a name of its own.
/// At most 64 charges of one account are on their way at once; further ones wait their turn.
/// </remarks>
public sealed class Producer
{
    private readonly MeteringClient _client;
    private readonly ProducerNumbers _numbers;

    internal Producer(MeteringClient client, string name, long first)
    {
        _client = client;
        _numbers = new ProducerNumbers(first);
        Name = name;
    }

    /// <summary>The producer's name.</summary>
    public string Name { get; }

    /// <summary>The highest number given so far. A producer of the same name that begins above it, later, is safe.</summary>
    public long HighestSequence => _numbers.Highest;

    /// <summary>Prices usage and deducts it under the next number of this producer.</summary>
    /// <exception cref="MeteringException">
    /// No answer came; the outcome is unknown. Its <see cref="MeteringException.Charge"/> has the number, to send it again by
    /// <see cref="MeteringClient.ChargeAsync"/> while no more than 63 newer ones were charged; later it would be refused as <see cref="Codes.TooOld"/>.
    /// </exception>
    public async Task<Answer<ChargeReply>> ChargeAsync(string account, Usage usage, CancellationToken cancellationToken = default)
    {
        var due = _client.Due();
        long number;
        try
        {
            number = await _numbers.Take(account, due.Left, _client.Options.Time, cancellationToken);
        }
        catch (TimeoutException exception)
        {
            throw new MeteringException("The charge was not sent: as many charges of the account as may be are on their way.", exception);
        }

        try
        {
            var charge = new Charge
            {
                Id = ChargeId.Numbered(Name, number),
                Lines = usage.Lines,
                Time = usage.Time,
                Mode = usage.Mode,
                Explain = usage.Explain,
            };
            return await _client.SendCharge(new AccountCharge(account, charge), due, cancellationToken);
        }
        finally
        {
            _numbers.GiveBack(account, number);
        }
    }
}
