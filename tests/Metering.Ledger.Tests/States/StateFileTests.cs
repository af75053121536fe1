using Metering.Ledger.States;

namespace Metering.Ledger.Tests.States;

public sealed class StateFileTests
{
    private const string FirstVersion = "AYKhDODGhtn0waTfEToiGzkAAATcZKl+nVoIulmFvIUafNJK1TWpOyy7svcpKbgsBCUUJyTylcGK";

    private static readonly DateTimeOffset At = new(2026, 11, 23, 2, 15, 30, 123, TimeSpan.Zero);

    private static byte[] State => [.. Enumerable.Range(0, 1_000).Select(static i => (byte)(i * i / 7 % 256))];

    [Fact]
    public void A_state_is_read_as_it_was_kept()
    {
        foreach (var state in new byte[][] { [], [7], State })
        {
            var (sequence, at, read) = StateFile.Decode(StateFile.Encode(100_417, At, state));
            Assert.Equal((100_417, At), (sequence, at));
            Assert.Equal(state, read);
        }
    }

    [Fact]
    public void One_that_was_kept_by_the_first_version_can_still_be_read()
    {
        var (sequence, at, state) = StateFile.Decode(Convert.FromBase64String(FirstVersion));
        Assert.Equal((100_417, At), (sequence, at));
        Assert.Equal("a state of the first version, a state of the first version", System.Text.Encoding.UTF8.GetString(state));
    }

    [Fact]
    public void Damage_anywhere_is_noticed()
    {
        var whole = StateFile.Encode(100_417, At, State);
        for (var at = 0; at < whole.Length; at++)
        {
            var damaged = whole.ToArray();
            damaged[at] ^= 0x10;
            Assert.Throws<FormatException>(() => StateFile.Decode(damaged));
            Assert.Throws<FormatException>(() => StateFile.Decode(whole.AsSpan(0, at)));
        }
    }
}
