using System.Text;

namespace Metering.LoadTest.Run;

/// <summary>
/// The parts of a charge that all ways of writing it share: the names of accounts and the ids. Both have a fixed length, so that a message can
/// be put together from bytes made beforehand.
/// </summary>
internal sealed class ChargeText
{
    private const int AccountDigits = 7;
    private const int NumberDigits = 12;
    private readonly byte[] _accountPrefix;
    private readonly byte[] _idPrefix;

    /// <param name="run">Name of the run.</param>
    /// <param name="process">Which of the processes of the run this is: ids of two never meet.</param>
    public ChargeText(string run, int process)
    {
        _accountPrefix = Encoding.ASCII.GetBytes($"{run}-");
        _idPrefix = Encoding.ASCII.GetBytes($"{run}.{process:D3}.");
    }

    public int AccountLength => _accountPrefix.Length + AccountDigits;

    public int IdLength => _idPrefix.Length + NumberDigits;

    public void WriteAccount(ByteBuffer to, int account)
    {
        to.Write(_accountPrefix);
        to.WriteDigits(account, AccountDigits);
    }

    public void WriteId(ByteBuffer to, long number)
    {
        to.Write(_idPrefix);
        to.WriteDigits(number, NumberDigits);
    }
}
