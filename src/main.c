#include <stdio.h>

int main(void)
{
    puts("bladewatch " BW_VERSION);
    return 0;
}
